//! A run: the selected cases on one target, each driven, judged and written down.
//!
//! Cases run side by side, each on addresses and in a folder of its own, for they mostly wait. Those that measure short times come last
//! and alone. The log has them in the order of the catalogue all the same, each whole.

mod one;
mod schedule;

use std::io::{self, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::drive::Cancel;
use crate::target::Target;
use crate::vocabulary::{
    Case, CaseReport, CheckResult, Event, Profile, Record, RunHeader, RunReport, SCHEMA, Timeline,
};
use crate::{conclude, judge};

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The seed of the harness's random choices.
    pub seed: u64,
    /// Where evidence goes; none is written without it.
    pub evidence: Option<PathBuf>,
    /// Whether an unsupported check counts as a failure.
    pub strict: bool,
    /// Which cases were asked for; the report says so.
    pub profile: Profile,
    /// How many cases may run side by side; by default two a core.
    pub jobs: Option<NonZero<usize>>,
    /// Ends the run from outside.
    pub cancel: Cancel,
}

/// A run could not be brought to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The event log or the evidence could not be written.
    #[error("failed to write {what}")]
    Write {
        /// What.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

/// What a run says while it goes on.
pub trait Progress {
    /// A case begins, one of `count`. Others may be under way.
    fn begins(&mut self, case: &Case, count: usize);
    /// A case was judged. Cases end in any order.
    fn ended(&mut self, report: &CaseReport);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn begins(&mut self, _: &Case, _: usize) {}
    fn ended(&mut self, _: &CaseReport) {}
}

/// Runs cases on a target. Every event goes to `log`, as the NDJSON that `replay` reads.
///
/// # Errors
/// If the run is cancelled, or the log or the evidence cannot be written. What the harness fails at in one case is that case's
/// verdict.
pub fn run(
    target: &Target,
    cases: &[Case],
    options: &RunOptions,
    log: &mut dyn Write,
    progress: &mut dyn Progress,
) -> Result<RunReport, RunError> {
    let begun = Instant::now();
    let header = header(target, cases, options);
    write_record(log, &Record::Run(header.clone()))?;
    let reports = schedule::run(target, cases, options, &header, log, progress)?;
    let stale = conclude::stale(target, &reports);
    let footer = conclude::footer(&reports, stale, options.strict, millis(begun));
    write_record(log, &Record::Footer(footer.clone()))?;
    Ok(RunReport {
        header,
        cases: reports,
        footer,
    })
}

/// The report of a case of which the checks are judged.
pub fn judged_report(case: &Case, checks: Vec<CheckResult>, took_ms: u64) -> CaseReport {
    CaseReport {
        case: case.id.to_owned(),
        area: case.area,
        level: case.level,
        verdict: judge::verdict(&checks),
        known_deviation: conclude::is_known(&checks),
        inapplicable: None,
        checks,
        took_ms,
        evidence: None,
    }
}

fn header(target: &Target, cases: &[Case], options: &RunOptions) -> RunHeader {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    RunHeader {
        schema: SCHEMA,
        suite: env!("CARGO_PKG_VERSION").to_owned(),
        started_unix_s: now.map_or(0, |since| since.as_secs()),
        target: target.facts().clone(),
        cases: cases.iter().map(|case| case.id.to_owned()).collect(),
        strict: options.strict,
        profile: options.profile,
    }
}

/// Writes a case's beginning and all of its events.
///
/// # Errors
/// If the log cannot be written.
pub fn write_timeline(log: &mut dyn Write, timeline: &Timeline) -> Result<(), RunError> {
    let Timeline {
        case,
        seed,
        config_path,
        events,
        target: _,
    } = timeline;
    write_record(
        log,
        &Record::Case {
            case: case.clone(),
            seed: *seed,
            config_path: config_path.clone(),
        },
    )?;
    for event in events {
        write_event(log, event)?;
    }
    Ok(())
}

fn write_event(log: &mut dyn Write, event: &Event) -> Result<(), RunError> {
    write_record(log, &Record::Event(event.clone()))
}

/// Writes one line of the event log.
///
/// # Errors
/// If the log cannot be written.
pub fn write_record(log: &mut dyn Write, record: &Record) -> Result<(), RunError> {
    let failed = |source| RunError::Write {
        what: "the event log".into(),
        source,
    };
    let line = serde_json::to_string(record).map_err(|error| failed(error.into()))?;
    writeln!(log, "{line}").map_err(failed)
}

/// An error and its causes, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
