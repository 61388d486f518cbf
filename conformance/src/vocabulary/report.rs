//! The report of a run, and the event log that is its one source of truth.
//!
//! The log is NDJSON: one [`Record`] a line, a `run` first, a `footer` last. A log without a footer was cut off.

use serde::{Deserialize, Serialize};

use super::{Area, CheckResult, Event, Level, Profile, TargetFacts, Verdict};

/// The version of the event log's schema.
pub const SCHEMA: u32 = 1;

/// What was concluded about one case on one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseReport {
    /// The case's id.
    pub case: String,
    /// Its area.
    pub area: Area,
    /// Its level.
    pub level: Level,
    /// The verdict, with deviations taken as what they are: failures.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Whether every failure in it is a known deviation.
    #[serde(default)]
    pub known_deviation: bool,
    /// Why the target's folder says that what is unsupported in it cannot apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inapplicable: Option<String>,
    /// The checks, each with its verdict.
    pub checks: Vec<CheckResult>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The evidence folder, where one was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl CaseReport {
    /// Whether anything in it does not apply to the target.
    pub fn has_unsupported(&self) -> bool {
        let of_checks = self.checks.iter().map(|result| &result.verdict);
        std::iter::once(&self.verdict)
            .chain(of_checks)
            .any(|verdict| matches!(verdict, Verdict::Unsupported(_)))
    }
}

/// The first record of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHeader {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The suite's version.
    pub suite: String,
    /// When the run began, in seconds since 1970-01-01 UTC.
    pub started_unix_s: u64,
    /// The target's facts.
    pub target: TargetFacts,
    /// The cases that were selected, in order.
    pub cases: Vec<String>,
    /// Whether an unsupported check counts as a failure.
    #[serde(default)]
    pub strict: bool,
    /// Which cases were asked for.
    #[serde(default)]
    pub profile: Profile,
}

/// The last record of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// How many cases have each verdict, by its word.
    pub counts: std::collections::BTreeMap<String, u32>,
    /// Whether every MUST passed, or is a known deviation.
    pub conformant: bool,
    /// Deviations that did not fail as listed: unexpected passes and entries without a match, in words.
    pub stale: Vec<String>,
    /// The exit code of the run.
    pub exit_code: u8,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// One line of the event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "the large one stands once in a log, and records are never kept in numbers"
)]
pub enum Record {
    /// The run begins.
    Run(RunHeader),
    /// A case begins. All events up to its report are of it.
    Case {
        /// Its id.
        case: String,
        /// The seed of the harness's random choices.
        seed: u64,
        /// The config file's path as the target knew it.
        config_path: String,
    },
    /// Something happened.
    Event(Event),
    /// A case was judged.
    Report(CaseReport),
    /// The run is over.
    Footer(Footer),
}

/// All of a run, as the writers take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// The header.
    pub header: RunHeader,
    /// The cases, in order.
    pub cases: Vec<CaseReport>,
    /// The footer.
    pub footer: Footer,
}
