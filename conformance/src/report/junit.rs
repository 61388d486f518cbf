//! JUnit XML: a suite for the target, a test case for each case.

use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::printable;
use crate::vocabulary::{CaseReport, RunReport, Verdict};

/// Writes runs.
///
/// # Errors
/// If a text cannot be written as XML.
pub fn render(reports: &[RunReport]) -> Result<String, quick_junit::SerializeError> {
    let mut all = Report::new("reloadspec");
    for report in reports {
        let target = &report.header.target;
        let mut suite = TestSuite::new(target.title());
        suite.set_time(Duration::from_millis(report.footer.took_ms));
        suite.add_property(("version", target.version.as_deref().unwrap_or("unknown")));
        for stale in &report.footer.stale {
            suite.add_property(("stale", printable(stale).as_str()));
        }
        suite.add_test_cases(report.cases.iter().map(case));
        all.add_test_suite(suite);
    }
    all.to_string()
}

fn case(report: &CaseReport) -> TestCase {
    let mut case = TestCase::new(report.case.as_str(), status(report));
    case.set_classname(report.area.to_string());
    case.set_time(Duration::from_millis(report.took_ms));
    let told = report
        .checks
        .iter()
        .filter(|result| result.verdict != Verdict::Pass)
        .fold(String::new(), |mut text, result| {
            let detail = result
                .figure
                .as_deref()
                .or(result.verdict.why())
                .map_or_else(String::new, |detail| format!(": {}", printable(detail)));
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "{} {}{detail}", result.verdict, result.title());
            if let Some(reason) = &result.deviation {
                let _ = writeln!(text, "  known deviation: {}", printable(reason));
            }
            if let Some(finding) = &result.finding {
                let _ = writeln!(text, "  required: {}", finding.requirement);
                let _ = writeln!(text, "  expected: {}", printable(&finding.expected));
                let _ = writeln!(text, "  observed: {}", printable(&finding.observed));
            }
            text
        });
    if !told.is_empty() {
        case.set_system_out(told);
    }
    case
}

/// A known deviation and a weak case are no failures of a gate; what could not be judged is skipped, with the reason.
fn status(report: &CaseReport) -> TestCaseStatus {
    let skipped = |message: String| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(message);
        status
    };
    match &report.verdict {
        Verdict::Pass | Verdict::Observed | Verdict::Weak => TestCaseStatus::success(),
        Verdict::Fail if report.known_deviation => {
            let reasons = report.checks.iter().filter_map(|result| {
                let reason = result.deviation.as_deref()?;
                Some(format!("{}: {}", result.title(), printable(reason)))
            });
            let reasons: Vec<String> = reasons.collect();
            skipped(format!("known deviation: {}", reasons.join("; ")))
        }
        Verdict::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let failed: Vec<String> = report
                .checks
                .iter()
                .filter(|result| result.verdict == Verdict::Fail)
                .map(|result| match &result.finding {
                    Some(finding) => format!("{}: {}", result.title(), printable(&finding.observed)),
                    None => result.title(),
                })
                .collect();
            status.set_message(failed.join("; "));
            status
        }
        Verdict::Error(why) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(printable(why));
            status
        }
        Verdict::Unsupported(why) | Verdict::Inconclusive(why) | Verdict::NotRun(why) => {
            skipped(format!("{}: {}", report.verdict, printable(why)))
        }
    }
}
