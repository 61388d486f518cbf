//! One case on one target: driven, judged, and written down.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use super::{RunError, RunOptions, chain, judged_report, millis, write_record, write_timeline};
use crate::drive::{self, DriveError};
use crate::target::Target;
use crate::vocabulary::{Case, CaseReport, Record, RunHeader, Verdict};
use crate::{conclude, evidence, judge};

/// Drives a case, judges it, and writes down what did not pass. What the driver saw goes to `log`.
pub(super) fn run(
    target: &Target,
    case: &Case,
    options: &RunOptions,
    header: &RunHeader,
    log: &mut Vec<u8>,
) -> Result<CaseReport, RunError> {
    let wrong = |root: &PathBuf| {
        let what = format!("the evidence below {}", root.display());
        move |source| RunError::Write { what, source }
    };
    if let Some(root) = &options.evidence {
        evidence::clear(root, header, case.id).map_err(wrong(root))?;
    }
    let mut report = drive_and_judge(target, case, options, header, log)?;
    if report.has_unsupported() {
        report.inapplicable = target.inapplicable().get(case.id).cloned();
    }
    if let (Some(root), Verdict::Error(_)) = (&options.evidence, &report.verdict) {
        let folder = evidence::write_error(root, header, &report).map_err(wrong(root))?;
        report.evidence = Some(folder.display().to_string());
    }
    write_record(log, &Record::Report(report.clone()))?;
    Ok(report)
}

fn drive_and_judge(
    target: &Target,
    case: &Case,
    options: &RunOptions,
    header: &RunHeader,
    log: &mut Vec<u8>,
) -> Result<CaseReport, RunError> {
    let begun = Instant::now();
    if target.binary().is_none() {
        let why = format!(
            "there is no {}: install it, or name one with --binary",
            target.facts().binary
        );
        return Ok(unjudged(case, Verdict::NotRun(why), begun));
    }
    if let Some(why) = case.unsupported_by(target.facts()) {
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
        let written = evidence::write(root, target, header, &report, &run);
        let folder = written.map_err(|source| RunError::Write {
            what: format!("the evidence below {}", root.display()),
            source,
        })?;
        report.evidence = Some(folder.display().to_string());
    }
    Ok(report)
}

fn unjudged(case: &Case, verdict: Verdict, begun: Instant) -> CaseReport {
    CaseReport {
        verdict,
        ..judged_report(case, Vec::new(), millis(begun))
    }
}
