//! `reloadspec replay`

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use reloadspec::conclude::{self, exit};
use reloadspec::report::log;
use reloadspec::report::terminal;
use reloadspec::vocabulary::{CaseReport, CheckResult, RunReport};
use reloadspec::{catalogue, judge, suite};

use super::{CliError, print};

pub(super) fn run(path: &Path) -> Result<u8, CliError> {
    let file = File::open(path).map_err(CliError::io(format!("open {}", path.display())))?;
    let recorded = log::read(BufReader::new(file)).map_err(|source| CliError::Log {
        path: path.to_path_buf(),
        source,
    })?;
    let mut cases = Vec::new();
    let mut differences = Vec::new();
    let catalogue = catalogue::all();
    for timeline in &recorded.timelines {
        let case = catalogue
            .iter()
            .find(|case| case.id == timeline.case)
            .ok_or_else(|| {
                CliError::Usage(format!(
                    "{}: this suite has no case {:?}",
                    path.display(),
                    timeline.case
                ))
            })?;
        let then = recorded
            .report
            .cases
            .iter()
            .find(|report| report.case == timeline.case);
        let mut checks = judge::judge(case, timeline);
        if let Some(then) = then {
            keep_deviations(&mut checks, &then.checks);
            differences.extend(differing(then, &checks));
        }
        cases.push(suite::judged_report(
            case,
            checks,
            then.map_or(0, |then| then.took_ms),
        ));
    }
    let stale = recorded.report.footer.stale.clone();
    let footer = conclude::footer(&cases, stale, false, recorded.report.footer.took_ms);
    let code = footer.exit_code;
    let report = RunReport {
        header: recorded.report.header,
        cases,
        footer,
    };
    let mut text = terminal::render(&report, super::style(&std::io::stdout()));
    if differences.is_empty() {
        text.push_str("The same verdicts as when it was recorded.\n");
    } else {
        text.push_str("Verdicts that differ from when it was recorded:\n");
        text.extend(differences.iter().map(|difference| format!("  {difference}\n")));
    }
    print(&text)?;
    Ok(if differences.is_empty() {
        code
    } else {
        exit::worst([code, exit::STALE])
    })
}

/// Deviations belong to the target's folder, which a replay does not read.
fn keep_deviations(now: &mut [CheckResult], then: &[CheckResult]) {
    for result in now {
        let before = then.iter().find(|before| before.title() == result.title());
        result.deviation = before.and_then(|before| before.deviation.clone());
    }
}

fn differing(then: &CaseReport, now: &[CheckResult]) -> Vec<String> {
    now.iter()
        .filter_map(|result| {
            let before = then.checks.iter().find(|before| before.title() == result.title());
            let word = before.map_or("not judged", |before| before.verdict.word());
            (word != result.verdict.word()).then(|| {
                format!(
                    "{} {}: {word} then, {} now",
                    then.case,
                    result.title(),
                    result.verdict
                )
            })
        })
        .collect()
}
