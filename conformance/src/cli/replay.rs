//! `reloadspec replay`

use std::path::Path;

use reloadspec::conclude::{self, exit};
use reloadspec::report::log::Log;
use reloadspec::report::terminal;
use reloadspec::vocabulary::{Case, CaseReport, CheckResult, RunReport, Timeline};
use reloadspec::{catalogue, judge, suite};

use super::{CliError, print, read_log};

pub(super) fn run(path: &Path) -> Result<u8, CliError> {
    let catalogue = catalogue::all();
    let mut codes = Vec::new();
    let mut differences = Vec::new();
    for log in read_log(path)? {
        let unknown = log
            .timelines
            .iter()
            .find(|timeline| case_of(timeline, &catalogue).is_none());
        if let Some(Timeline { case, .. }) = unknown {
            let message = format!("{}: this suite has no case {case:?}", path.display());
            return Err(CliError::Usage(message));
        }
        let report = judged_again(log, &catalogue, &mut differences);
        print(&(terminal::render(&report, super::style(&std::io::stdout())) + "\n"))?;
        codes.push(report.footer.exit_code);
    }
    let mut text = String::from("The same verdicts as when it was recorded.\n");
    if !differences.is_empty() {
        codes.push(exit::STALE);
        "Verdicts that differ from when it was recorded:\n".clone_into(&mut text);
        text.extend(differences.iter().map(|difference| format!("  {difference}\n")));
    }
    print(&text)?;
    Ok(exit::worst(codes))
}

fn case_of<'a>(timeline: &Timeline, catalogue: &'a [Case]) -> Option<&'a Case> {
    catalogue.iter().find(|case| case.id == timeline.case)
}

/// Judges the timelines of a run. A case that left none, such as one that was not run, stays what it was recorded as.
fn judged_again(log: Log, catalogue: &[Case], differences: &mut Vec<String>) -> RunReport {
    let mut cases = log.report.cases;
    for timeline in &log.timelines {
        let Some(case) = case_of(timeline, catalogue) else {
            continue;
        };
        let mut checks = judge::judge(case, timeline);
        match cases.iter_mut().find(|report| report.case == timeline.case) {
            Some(report) => {
                keep_deviations(&mut checks, &report.checks);
                differences.extend(differing(report, &checks));
                *report = CaseReport {
                    evidence: report.evidence.take(),
                    inapplicable: report.inapplicable.take(),
                    ..suite::judged_report(case, checks, report.took_ms)
                };
            }
            None => cases.push(suite::judged_report(case, checks, 0)),
        }
    }
    let RunReport { header, footer, .. } = log.report;
    let footer = conclude::footer(&cases, footer.stale, header.strict, footer.took_ms);
    RunReport {
        header,
        cases,
        footer,
    }
}

/// Deviations belong to the target's folder, which a replay does not read.
fn keep_deviations(now: &mut [CheckResult], then: &[CheckResult]) {
    for result in now {
        let before = then.iter().find(|before| before.title() == result.title());
        result.deviation = before.and_then(|before| before.deviation.clone());
    }
}

fn differing(then: &CaseReport, now: &[CheckResult]) -> Vec<String> {
    let word_of = |results: &[CheckResult], title: &str| {
        let result = results.iter().find(|result| result.title() == title);
        result.map_or("not judged", |result| result.verdict.word())
    };
    let gone = then.checks.iter().map(CheckResult::title);
    let gone = gone.filter(|title| !now.iter().any(|result| result.title() == *title));
    let titles = now.iter().map(CheckResult::title).chain(gone);
    titles
        .filter_map(|title| {
            let (before, after) = (word_of(&then.checks, &title), word_of(now, &title));
            (before != after).then(|| format!("{} {title}: {before} then, {after} now", then.case))
        })
        .collect()
}
