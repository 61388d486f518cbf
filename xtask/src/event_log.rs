//! The suite's event log, as far as a task needs it: who was judged, the verdicts, the footer.
//!
//! NDJSON in, runs out. A log whose last run has no footer was cut off and is an error.

use std::fmt;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;

/// One run of the suite on one target.
#[derive(Clone, Debug)]
pub(crate) struct SuiteRun {
    /// What it began with.
    pub(crate) header: Header,
    /// The cases, in the order in which they were run.
    pub(crate) cases: Vec<CaseReport>,
    /// What it ended with.
    pub(crate) footer: Footer,
}

/// The first record.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Header {
    /// The version of the log's schema.
    pub(crate) schema: u32,
    /// The suite's version.
    pub(crate) suite: String,
    /// Seconds since 1970-01-01 UTC.
    pub(crate) started_unix_s: u64,
    /// Who was judged.
    pub(crate) target: Target,
}

/// Facts about the target.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    name: String,
    #[serde(default)]
    variant: Option<String>,
    /// What the binary says of itself.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// How it learns of a change.
    #[serde(default)]
    pub(crate) trigger: String,
    /// Departures from its defaults, with their reasons.
    #[serde(default)]
    pub(crate) settings: std::collections::BTreeMap<String, String>,
    /// For how long it is left alone before a change that stands alone.
    #[serde(default)]
    pub(crate) settle: Option<Settle>,
}

/// A time, and why it is needed.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Settle {
    /// How long, in milliseconds.
    pub(crate) ms: u64,
    /// Why.
    pub(crate) reason: String,
}

/// What was concluded about a case.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CaseReport {
    /// Its id.
    pub(crate) case: String,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The reason, where one belongs to it.
    #[serde(default)]
    pub(crate) why: Option<String>,
    /// Why the target's folder says that what is unsupported in it cannot apply.
    #[serde(default)]
    pub(crate) inapplicable: Option<String>,
    /// Its checks.
    #[serde(default)]
    pub(crate) checks: Vec<CheckResult>,
}

/// What was concluded about a check.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CheckResult {
    /// Which.
    pub(crate) check: String,
    /// Of what, where a case makes it of several things.
    #[serde(default)]
    pub(crate) subject: Option<String>,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// What was required and what was seen.
    #[serde(default)]
    pub(crate) finding: Option<Finding>,
}

/// What was required and what was seen.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Finding {
    /// What was seen.
    pub(crate) observed: String,
}

/// The exit code of a run in which nothing failed and something could not be judged.
pub(crate) const INCONCLUSIVE: u8 = 2;

/// The last record.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Footer {
    /// Whether each MUST passed, or is a known deviation.
    pub(crate) conformant: bool,
    /// The suite's own exit code.
    #[serde(default)]
    pub(crate) exit_code: u8,
    /// Expectations that no longer hold.
    #[serde(default)]
    pub(crate) stale: Vec<String>,
    /// How long the run took, in milliseconds.
    #[serde(default)]
    pub(crate) took_ms: u64,
}

/// A verdict, without its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Met.
    Pass,
    /// A figure.
    Observed,
    /// A SHOULD, not met.
    Weak,
    /// A MUST, not met.
    Fail,
    /// Does not apply.
    Unsupported,
    /// Nothing can be said.
    Inconclusive,
    /// No binary.
    NotRun,
    /// The harness failed.
    Error,
}

#[derive(Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Record {
    Run(Header),
    Report(CaseReport),
    Footer(Footer),
    #[serde(other)]
    Other,
}

/// The schema that is read here.
const SCHEMA: u32 = 1;

// === impl SuiteRun ===

impl SuiteRun {
    /// The runs of a log file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Self>> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read the event log {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("failed to read the event log {}", path.display()))
    }

    /// The runs of a log.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<Self>> {
        let mut runs = Vec::new();
        let mut open: Option<(Header, Vec<CaseReport>)> = None;
        for (number, line) in text.lines().enumerate() {
            let record = serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
            match record {
                Record::Run(header) if header.schema != SCHEMA => {
                    bail!("its schema is {}, not {SCHEMA}", header.schema)
                }
                Record::Run(header) => open = Some((header, Vec::new())),
                Record::Report(case) => match &mut open {
                    Some((_, cases)) => cases.push(case),
                    None => bail!("line {}: a report outside a run", number + 1),
                },
                Record::Footer(footer) => {
                    let (header, cases) = open
                        .take()
                        .with_context(|| format!("line {}: a footer outside a run", number + 1))?;
                    runs.push(Self {
                        header,
                        cases,
                        footer,
                    });
                }
                Record::Other => {}
            }
        }
        match open {
            Some((header, _)) => bail!("the run on {} was cut off", header.target.title()),
            None if runs.is_empty() => bail!("there is no run in it"),
            None => Ok(runs),
        }
    }
}

// === impl Target ===

impl Target {
    /// `name` or `name:variant`.
    pub(crate) fn title(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}:{variant}", self.name),
            None => self.name.clone(),
        }
    }
}

// === impl CheckResult ===

impl CheckResult {
    /// `check` or `check/subject`.
    pub(crate) fn title(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{}/{subject}", self.check),
            None => self.check.clone(),
        }
    }

    /// Whether it speaks against the target.
    pub(crate) fn is_against(&self) -> bool {
        matches!(self.verdict, Verdict::Fail | Verdict::Weak)
    }
}

// === impl Verdict ===

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Observed => "observed",
            Self::Weak => "weak",
            Self::Fail => "fail",
            Self::Unsupported => "unsupported",
            Self::Inconclusive => "inconclusive",
            Self::NotRun => "not run",
            Self::Error => "error",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A log of one case, as the suite writes it.
    pub(crate) const LOG: &str = r#"{"record":"run","schema":1,"suite":"0.1.0","started_unix_s":1763700000,"target":{"name":"nginx","variant":"signal","version":"1.22.1","trigger":"signal","settings":{"worker_processes 2":"two can disagree"}},"cases":["c"]}
{"record":"case","case":"c","seed":1,"config_path":"x"}
{"record":"event","at":12,"what":"anything"}
{"record":"report","case":"c","area":"logging","level":"MUST","verdict":"fail","checks":[{"check":"stays_alive","level":"MUST","verdict":"pass"},{"check":"recovers","subject":"syntax","level":"MUST","verdict":"fail","finding":{"requirement":"r","expected":"generation 3","observed":"generation 2"}},{"check":"no_mixing","level":"SHOULD","verdict":"unsupported","why":"no reason"}],"took_ms":5}
{"record":"footer","counts":{"fail":1},"conformant":false,"stale":[],"exit_code":1,"took_ms":6}
"#;

    #[test]
    fn a_log_is_read() {
        let runs = SuiteRun::parse(LOG).unwrap();
        let [run] = &runs[..] else { panic!("one run") };
        assert_eq!(run.header.target.title(), "nginx:signal");
        assert_eq!(run.cases[0].verdict, Verdict::Fail);
        assert_eq!(run.cases[0].checks[1].title(), "recovers/syntax");
        assert_eq!(run.cases[0].checks[2].verdict, Verdict::Unsupported);
        assert!(!run.footer.conformant);
    }

    #[test]
    fn runs_on_several_variants_stand_one_after_the_other() {
        assert_eq!(SuiteRun::parse(&format!("{LOG}{LOG}")).unwrap().len(), 2);
    }

    #[test]
    fn a_log_that_was_cut_off_is_an_error() {
        let cut = LOG.rsplit_once("{\"record\":\"footer\"").unwrap().0;
        assert!(SuiteRun::parse(cut).unwrap_err().to_string().contains("cut off"));
        assert!(SuiteRun::parse("").is_err());
    }

    #[test]
    fn a_log_of_another_schema_is_an_error() {
        let newer = LOG.replace("\"schema\":1", "\"schema\":2");
        assert!(SuiteRun::parse(&newer).is_err());
    }
}
