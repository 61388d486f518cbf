//! `target.toml` as it is written. See `docs/add-a-target.md`. Unknown keys are refused.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::changed::Changed;
use super::tls::{self, Grpc, Http2, Tls};
use super::told::{PidFile, Systemd};
use super::versions::Versions;
use crate::vocabulary::{
    Capability, Delivery, Flaw, HealthFacts, LogPatterns, Marker, MetricReadings, ObjectPatterns, Outside,
    Readings, RestartOnly, StatusReadings, TriggerKind,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) capabilities: Vec<Capability>,
    #[serde(default = "all_markers")]
    pub(super) markers: Vec<Marker>,
    pub(super) binary: Binary,
    #[serde(default)]
    pub(super) timing: Timing,
    #[serde(rename = "file")]
    pub(super) files: Vec<File>,
    pub(super) start: Start,
    #[serde(default)]
    pub(super) stop: Stop,
    pub(super) trigger: Trigger,
    #[serde(default)]
    pub(super) also: Vec<Also>,
    pub(super) delivery: Deliveries,
    pub(super) log: Log,
    pub(super) check_command: Option<CheckCommand>,
    pub(super) include: Option<Include>,
    pub(super) workers: Option<Workers>,
    pub(super) systemd: Option<Systemd>,
    pub(super) pid_file: Option<PidFile>,
    pub(super) drain: Option<Drain>,
    pub(super) restart_only: Option<RestartOnly>,
    pub(super) status: Option<Status>,
    pub(super) metrics: Option<Metrics>,
    pub(super) admin: Option<Admin>,
    pub(super) versions: Option<Versions>,
    pub(super) tls: Option<Tls>,
    pub(super) health: Option<HealthFacts>,
    pub(super) http2: Option<Http2>,
    pub(super) grpc: Option<Grpc>,
    #[serde(default)]
    pub(super) flaws: Flaws,
    #[serde(default)]
    pub(super) settings: BTreeMap<String, String>,
    /// Reasons by case.
    #[serde(default)]
    pub(super) inapplicable: BTreeMap<String, String>,
    /// What each variant changes. Merged before this is read, so only its presence is of interest here.
    #[serde(default, rename = "variant")]
    pub(super) _variants: BTreeMap<String, toml::Table>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binary {
    pub(super) name: String,
    #[serde(default)]
    pub(super) version_args: Vec<String>,
    #[serde(default)]
    pub(super) version_pattern: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Timing {
    pub(super) ready_within_ms: u64,
    pub(super) apply_bound_ms: u64,
    pub(super) apply_bound_source: Option<String>,
    pub(super) drain_bound_ms: u64,
    pub(super) release_bound_ms: Option<u64>,
    pub(super) release_bound_source: Option<String>,
    pub(super) stop_within_ms: u64,
}

fn all_markers() -> Vec<Marker> {
    Marker::ALL.to_vec()
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ready_within_ms: 10_000,
            apply_bound_ms: 2_000,
            apply_bound_source: None,
            drain_bound_ms: 10_000,
            release_bound_ms: None,
            release_bound_source: None,
            stop_within_ms: 10_000,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Config,
    Fixed,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) template: String,
    pub(super) path: String,
    pub(super) role: Role,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    #[serde(default)]
    pub(super) args: Vec<String>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stop {
    pub(super) signal: String,
    /// The one that asks for a graceful stop, where that is another.
    #[serde(default)]
    pub(super) graceful: Option<String>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            signal: "SIGTERM".into(),
            graceful: None,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trigger {
    pub(super) kind: TriggerKind,
    #[serde(default)]
    pub(super) acknowledges: bool,
    #[serde(default)]
    pub(super) settle_ms: u64,
    pub(super) settle_reason: Option<String>,
    pub(super) signal: Option<String>,
    pub(super) program: Option<String>,
    pub(super) args: Option<Vec<String>>,
    pub(super) method: Option<String>,
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<TriggerBody>,
    pub(super) address: Option<String>,
    pub(super) line: Option<String>,
    pub(super) answered: Option<String>,
    pub(super) probe: Option<String>,
}

/// A further way in which it can be told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Also {
    pub(super) trigger: Trigger,
    /// How it is started where it is to be told by this alone.
    pub(super) start: Option<Start>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TriggerBody {
    Config,
    None,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deliveries {
    pub(super) patterns: Vec<Delivery>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub(super) sources: Vec<String>,
    pub(super) applied: Option<String>,
    pub(super) level: Option<String>,
    #[serde(default)]
    pub(super) informational: Vec<String>,
    pub(super) rejected: Option<String>,
    pub(super) missing: Option<String>,
    pub(super) fatal: Option<String>,
    #[serde(default)]
    pub(super) names_file: bool,
    pub(super) changed: Option<Changed>,
}

impl Log {
    pub(super) fn patterns(&self) -> LogPatterns {
        LogPatterns {
            sources: self.sources.clone(),
            applied: self.applied.clone(),
            level: self.level.clone(),
            informational: self.informational.clone(),
            rejected: self.rejected.clone(),
            missing: self.missing.clone(),
            fatal: self.fatal.clone(),
            names_file: self.names_file,
            changed: ObjectPatterns::default(),
        }
    }
}

/// A command of the target's binary that says whether it would take a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckCommand {
    pub(super) args: Vec<String>,
}

/// A configuration of several files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Include {
    /// The template of the main file, which stands where the config file does; none, where a folder is read.
    pub(super) main: Option<String>,
    /// The template of a member.
    pub(super) member: String,
    /// Where members stand below the folder of the config file: `*` is their name.
    pub(super) path: String,
    /// What becomes of members that lie elsewhere, if that is documented.
    pub(super) outside: Option<Outside>,
}

/// That the started process has children that serve, and replaces those that die.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workers {
    /// How it is started so that it has, where that is another way than the usual one.
    pub(super) start: Option<Start>,
}

/// That a time can be named for what is in flight on a listener that is taken away.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drain {
    /// How it is started with that time, where its configuration does not name it.
    pub(super) start: Option<Start>,
}

/// Where its status is, and how it reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Status {
    pub(super) url: String,
    pub(super) identity: String,
    pub(super) error: Option<String>,
    pub(super) draining: Option<String>,
}

/// Where its metrics are, and which of them are what.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metrics {
    pub(super) url: String,
    #[serde(flatten)]
    pub(super) series: MetricReadings,
}

/// Its admin listener, and what it asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Admin {
    pub(super) url: String,
    /// Sent with all that is asked there: of it the status, of it the metrics.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// Which of these bears the credential that it asks for; none, if it asks for none.
    #[serde(default)]
    pub(super) credential: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flaws {
    #[serde(default)]
    pub(super) templated: Vec<Flaw>,
    /// The known key of which `unknown_key` renders a misspelling.
    #[serde(default)]
    pub(super) misspelt: Option<String>,
}

impl Spec {
    /// What it declares: what it lists, and what it has a section for.
    pub(super) fn declares(&self) -> Vec<Capability> {
        let outside = self.include.as_ref().and_then(|include| include.outside);
        let sections = [
            (Capability::CheckCommand, self.check_command.is_some()),
            (Capability::Drain, self.drain.is_some()),
            (Capability::Include, self.include.is_some()),
            (Capability::IncludePolicy, outside.is_some()),
            (Capability::Workers, self.workers.is_some()),
            (Capability::Systemd, self.systemd.is_some()),
            (Capability::PidFile, self.pid_file.is_some()),
            (Capability::RestartOnly, self.restart_only.is_some()),
            (Capability::Status, self.status.is_some()),
            (
                Capability::Metrics,
                self.has_metrics(MetricReadings::tells_of_reloads),
            ),
            (
                Capability::Counters,
                self.has_metrics(|series| series.all_counters().next().is_some()),
            ),
            (Capability::Admin, self.admin.is_some()),
            (Capability::Versions, self.versions.is_some()),
            (Capability::LogDiff, self.log.changed.is_some()),
            (Capability::Health, self.health.is_some()),
        ];
        let sections = sections.into_iter().chain(tls::declared(self));
        let by_section = sections.filter(|(_, is_there)| *is_there);
        let ack = (self.trigger.acknowledges, Capability::Ack);
        let mut all = self.capabilities.clone();
        all.extend(Some(ack).filter(|(is_there, _)| *is_there).map(|(_, ack)| ack));
        all.extend(by_section.map(|(capability, _)| capability));
        all.sort_unstable();
        all.dedup();
        all
    }

    fn has_metrics(&self, of_a_kind: fn(&MetricReadings) -> bool) -> bool {
        self.metrics
            .as_ref()
            .is_some_and(|metrics| of_a_kind(&metrics.series))
    }

    /// How its answers read.
    pub(super) fn readings(&self) -> Readings {
        Readings {
            status: self.status.as_ref().map(|status| StatusReadings {
                identity: status.identity.clone(),
                error: status.error.clone(),
                draining: status.draining.clone(),
            }),
            metrics: self.metrics.as_ref().map(|metrics| metrics.series.clone()),
            versions: self.versions.as_ref().map(|versions| versions.readings(self)),
            credential: self
                .admin
                .as_ref()
                .is_some_and(|admin| admin.credential.is_some()),
        }
    }

    /// A trigger by its kind; its own, if none is named.
    pub(super) fn trigger(&self, kind: Option<TriggerKind>) -> &Trigger {
        self.also(kind).map_or(&self.trigger, |also| &also.trigger)
    }

    /// How it is started where it is to be told by a trigger.
    pub(super) fn start(&self, kind: Option<TriggerKind>) -> &Start {
        let of_its_own = self.also(kind).and_then(|also| also.start.as_ref());
        of_its_own.unwrap_or(&self.start)
    }

    /// How it is started where it is to have workers.
    pub(super) fn start_with_workers(&self) -> &Start {
        let of_its_own = self.workers.as_ref().and_then(|workers| workers.start.as_ref());
        of_its_own.unwrap_or(&self.start)
    }

    /// How it is started where its configurations name a time for draining.
    pub(super) fn start_draining(&self) -> Option<&Start> {
        self.drain.as_ref().and_then(|drain| drain.start.as_ref())
    }

    fn also(&self, kind: Option<TriggerKind>) -> Option<&Also> {
        self.also.iter().find(|also| Some(also.trigger.kind) == kind)
    }

    /// The file with role `config`.
    ///
    /// Invariant: `load` refuses a folder without one.
    pub(super) fn config_file(&self) -> &File {
        self.files
            .iter()
            .find(|file| file.role == Role::Config)
            .unwrap_or(&self.files[0])
    }
}
