//! What became of a candidate: the single source of log records, exit codes and what the library tells its caller.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::touches::Sockets;
use super::{Digest, Plan, StageError};
use crate::config::{Diagnostic, Diagnostics, KEY_MISMATCH, ROOT_KEYS, Step};
use crate::model::{Address, Model};

/// What became of a candidate.
#[derive(Debug)]
pub enum Outcome {
    /// It serves. Every request that begins now is answered by it.
    Applied {
        /// What served before; 0 at the start.
        from: u64,
        /// What serves now.
        revision: u64,
        /// The digest of its content.
        digest: Digest,
        /// What is different, such as `routes +1 ~2`.
        changed: String,
        /// The keys of the configuration below which something is different.
        components: Vec<&'static str>,
        /// What it was, what it is, and the difference.
        made: Arc<Made>,
        /// From the bytes to the commit.
        duration: Duration,
    },
    /// It says what serves already.
    Unchanged {
        /// What serves.
        revision: u64,
        /// How alike it is.
        sameness: Sameness,
    },
    /// It is not valid, or cannot be had. Nothing changed.
    Rejected {
        /// What still serves; 0 if nothing does.
        revision: u64,
        /// The digest of its content; none if it could not be read.
        digest: Option<Digest>,
        /// Why.
        rejection: Rejection,
    },
}

/// A change that was made.
#[derive(Debug)]
pub struct Made {
    /// What served before.
    pub old: Arc<Model>,
    /// What serves now.
    pub new: Arc<Model>,
    /// The difference.
    pub plan: Plan,
}

/// How alike two configurations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// The same bytes.
    Content,
    /// Other bytes that mean the same.
    Meaning,
}

/// Why a candidate does not serve.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// It is not valid.
    #[error("{}", .0.summary())]
    Invalid(#[from] Diagnostics),
    /// It is valid, and something that it needs cannot be had now.
    #[error("{0}")]
    Unavailable(#[from] StageError),
    /// The file cannot be read, so that nobody knows what it says.
    #[error("{0}")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

// === impl Rejection ===

/// The component that is to blame if it is not one key's value.
pub const DOCUMENT: &str = "document";

impl Rejection {
    /// Every word that [`word`](Self::word) gives.
    pub const WORDS: [&str; 3] = ["invalid", "unavailable", "unreadable"];

    /// The keys of the configuration that are to blame, each once.
    pub fn components(&self) -> Vec<&'static str> {
        match self {
            Self::Invalid(diagnostics) => {
                let mut components: Vec<_> = diagnostics.all().iter().map(component).collect();
                components.sort_unstable();
                components.dedup();
                components
            }
            Self::Unavailable(StageError::Bind(error)) => vec![error.component()],
            Self::Unavailable(StageError::Follower(name, _)) => vec![name],
            Self::Unavailable(StageError::Handshake(error)) => vec![error.component],
            Self::Unavailable(StageError::Worker(_) | StageError::Silent) => vec!["workers"],
            Self::Unreadable(_) => vec![DOCUMENT],
        }
    }

    /// Whether all that is wrong is that a certificate and a key do not match, as between the writing of the one and of the other.
    pub fn is_half_a_pair(&self) -> bool {
        match self {
            Self::Invalid(diagnostics) => diagnostics.all().iter().all(|one| one.code == KEY_MISMATCH),
            Self::Unavailable(_) | Self::Unreadable(_) => false,
        }
    }

    /// A stable word for the kind of rejection.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Unavailable(_) => "unavailable",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Everything there is to say, on several lines; nothing if the summary says it all.
    pub fn details(&self) -> Option<String> {
        match self {
            Self::Invalid(diagnostics) => Some(diagnostics.to_string()),
            Self::Unavailable(_) | Self::Unreadable(_) => None,
        }
    }
}

// === impl Sameness ===

impl fmt::Display for Sameness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content => "same content",
            Self::Meaning => "same meaning",
        })
    }
}

// === impl Outcome ===

impl Outcome {
    /// The name of this kind of outcome.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Unchanged { .. } => "unchanged",
            Self::Rejected { .. } => "rejected",
        }
    }

    /// What serves after it.
    pub fn revision(&self) -> u64 {
        match self {
            Self::Applied { revision, .. }
            | Self::Unchanged { revision, .. }
            | Self::Rejected { revision, .. } => *revision,
        }
    }

    /// Writes the one record of this outcome. `path` is the file that it came from.
    pub fn record(&self, path: &str) {
        match self {
            Self::Applied {
                from: 0,
                revision,
                digest,
                changed,
                duration,
                ..
            } => {
                let duration_ms = millis(*duration);
                tracing::info!(path, revision, %digest, duration_ms, changed, "configuration loaded");
            }
            Self::Applied {
                from,
                revision,
                digest,
                changed,
                duration,
                made,
                ..
            } => {
                let duration_ms = millis(*duration);
                let plan = steps_of(&made.plan);
                let Sockets { open, close } = Sockets::between(&made.old, &made.new);
                let (opens, closes) = (addresses(&open), addresses(&close));
                tracing::info!(
                    path,
                    from_revision = from,
                    revision,
                    %digest,
                    duration_ms,
                    changed,
                    plan,
                    opens,
                    closes,
                    "configuration applied"
                );
            }
            Self::Unchanged { revision, sameness } => {
                tracing::info!(path, revision, reason = %sameness, "configuration unchanged");
            }
            Self::Rejected {
                revision,
                rejection: rejection @ Rejection::Unreadable(_),
                ..
            } => {
                tracing::warn!(
                    path,
                    revision,
                    "configuration unreadable: {rejection}; still serving revision {revision}"
                );
            }
            Self::Rejected {
                revision,
                digest,
                rejection,
            } => {
                let digest = digest.map(|digest| digest.to_string());
                let details = rejection.details().unwrap_or_default();
                tracing::error!(
                    path,
                    revision,
                    digest,
                    details,
                    "configuration rejected: {rejection}; still serving revision {revision}"
                );
            }
        }
    }
}

/// Some addresses, if there are any.
fn addresses(all: &[Address]) -> Option<String> {
    let all: Vec<_> = all.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn component(diagnostic: &Diagnostic) -> &'static str {
    let first = match diagnostic.path.first() {
        Some(Step::Key(key)) => ROOT_KEYS.iter().find(|known| *known == key),
        _ => None,
    };
    first.copied().unwrap_or(DOCUMENT)
}

/// The steps of a plan, as many of them as a record is read for: by name, never a value, which may be a secret.
fn steps_of(plan: &Plan) -> String {
    const SHOWN: usize = 32;
    let steps = plan.steps();
    let more = steps.len().saturating_sub(SHOWN);
    let shown = steps.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use tracing_test::traced_test;

    use super::*;

    fn applied(from: u64) -> Outcome {
        Outcome::Applied {
            from,
            revision: from + 1,
            digest: Digest::of(b"a configuration"),
            changed: "routes +1".into(),
            components: vec!["routes"],
            made: Arc::new(Made {
                old: Arc::default(),
                new: Arc::default(),
                plan: Plan::between(&Model::default(), &Model::default()),
            }),
            duration: Duration::from_micros(1_500),
        }
    }

    #[traced_test]
    #[test]
    fn an_applied_change_leaves_one_record_with_all_that_is_known_of_it() {
        applied(4).record("/etc/proxy.yaml");
        logs_assert(|lines| {
            let [line] = lines else {
                return Err(format!("{} records", lines.len()));
            };
            let told = [
                "INFO",
                "configuration applied",
                "path=\"/etc/proxy.yaml\"",
                "from_revision=4",
                "revision=5",
                "duration_ms=1.5",
                "changed=\"routes +1\"",
            ];
            match told.iter().find(|part| !line.contains(**part)) {
                Some(part) => Err(format!("no {part} in {line}")),
                None => Ok(()),
            }
        });
    }

    #[traced_test]
    #[test]
    fn the_first_configuration_is_no_change() {
        applied(0).record("/etc/proxy.yaml");
        assert!(logs_contain("configuration loaded"));
        assert!(!logs_contain("configuration applied"));
    }

    #[traced_test]
    #[test]
    fn what_changes_nothing_is_no_success() {
        let sameness = Sameness::Content;
        Outcome::Unchanged {
            revision: 3,
            sameness,
        }
        .record("/etc/proxy.yaml");
        assert!(logs_contain("configuration unchanged"));
        assert!(!logs_contain("configuration applied"));
    }
}
