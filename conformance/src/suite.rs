//! A run: the selected cases on one target, one after the other, each driven, judged and written down.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::drive::{self, Cancel, DriveError};
use crate::target::Target;
use crate::vocabulary::{
    Case, CaseReport, CheckResult, Event, Record, RunHeader, RunReport, SCHEMA, Timeline, Verdict,
};
use crate::{conclude, evidence, judge};

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The seed of the harness's random choices.
    pub seed: u64,
    /// Where evidence goes; none is written without it.
    pub evidence: Option<PathBuf>,
    /// Whether an unsupported check counts as a failure.
    pub strict: bool,
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
    /// A case begins: number `index` of `count`.
    fn begins(&mut self, case: &Case, index: usize, count: usize);
    /// A case was judged.
    fn ended(&mut self, report: &CaseReport);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn begins(&mut self, _: &Case, _: usize, _: usize) {}
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
    let header = header(target, cases, options.strict);
    write_record(log, &Record::Run(header.clone()))?;
    let mut reports = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        progress.begins(case, index, cases.len());
        let wrong = |root: &PathBuf| {
            let what = format!("the evidence below {}", root.display());
            move |source| RunError::Write { what, source }
        };
        if let Some(root) = &options.evidence {
            evidence::clear(root, &header, case.id).map_err(wrong(root))?;
        }
        let mut report = run_case(target, case, options, log, &header)?;
        if let (Some(root), Verdict::Error(_)) = (&options.evidence, &report.verdict) {
            let folder = evidence::write_error(root, &header, &report).map_err(wrong(root))?;
            report.evidence = Some(folder.display().to_string());
        }
        write_record(log, &Record::Report(report.clone()))?;
        progress.ended(&report);
        reports.push(report);
    }
    let stale = conclude::stale(target.deviations(), &reports);
    let footer = conclude::footer(&reports, stale, options.strict, millis(begun));
    write_record(log, &Record::Footer(footer.clone()))?;
    Ok(RunReport {
        header,
        cases: reports,
        footer,
    })
}

fn run_case(
    target: &Target,
    case: &Case,
    options: &RunOptions,
    log: &mut dyn Write,
    header: &RunHeader,
) -> Result<CaseReport, RunError> {
    let begun = Instant::now();
    if target.binary().is_none() {
        let why = format!(
            "there is no {}: install it, or name one with --binary",
            target.facts().binary
        );
        return Ok(unjudged(case, Verdict::NotRun(why), begun));
    }
    let missing = case.needs.iter().find(|needed| !target.facts().has(**needed));
    if let Some(missing) = missing {
        let why = format!("the target does not declare {}", missing.name());
        return Ok(unjudged(case, Verdict::Unsupported(why), begun));
    }
    let driver = drive::Options {
        seed: options.seed,
        cancel: options.cancel.clone(),
    };
    // One case's panic is that case's: the others still run.
    let driven = catch_unwind(AssertUnwindSafe(|| drive::run(case, target, &driver)));
    let run = match driven {
        Ok(Ok(run)) => run,
        Ok(Err(DriveError::Cancelled)) => return Err(RunError::Cancelled),
        Ok(Err(error @ DriveError::Spawn { .. })) => {
            return Ok(unjudged(case, Verdict::NotRun(chain(&error)), begun));
        }
        Ok(Err(error)) => return Ok(unjudged(case, Verdict::Error(chain(&error)), begun)),
        Err(_) => {
            return Ok(unjudged(
                case,
                Verdict::Error("the driver panicked".into()),
                begun,
            ));
        }
    };
    write_timeline(log, &run.timeline)?;
    let judged = catch_unwind(AssertUnwindSafe(|| judge::judge(case, &run.timeline)));
    let Ok(mut checks) = judged else {
        return Ok(unjudged(case, Verdict::Error("the judge panicked".into()), begun));
    };
    conclude::mark_deviations(case.id, &mut checks, target.deviations());
    let mut report = judged_report(case, checks, millis(begun));
    if let Some(root) = options
        .evidence
        .as_ref()
        .filter(|_| report.verdict != Verdict::Pass)
    {
        let written = evidence::write(root, header, &report, &run);
        let folder = written.map_err(|source| RunError::Write {
            what: format!("the evidence below {}", root.display()),
            source,
        })?;
        report.evidence = Some(folder.display().to_string());
    }
    Ok(report)
}

/// The report of a case of which the checks are judged.
pub fn judged_report(case: &Case, checks: Vec<CheckResult>, took_ms: u64) -> CaseReport {
    CaseReport {
        case: case.id.to_owned(),
        area: case.area,
        level: case.level,
        verdict: judge::verdict(&checks),
        known_deviation: conclude::is_known(&checks),
        checks,
        took_ms,
        evidence: None,
    }
}

fn unjudged(case: &Case, verdict: Verdict, begun: Instant) -> CaseReport {
    CaseReport {
        verdict,
        ..judged_report(case, Vec::new(), millis(begun))
    }
}

fn header(target: &Target, cases: &[Case], strict: bool) -> RunHeader {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    RunHeader {
        schema: SCHEMA,
        suite: env!("CARGO_PKG_VERSION").to_owned(),
        started_unix_s: now.map_or(0, |since| since.as_secs()),
        target: target.facts().clone(),
        cases: cases.iter().map(|case| case.id.to_owned()).collect(),
        strict,
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
