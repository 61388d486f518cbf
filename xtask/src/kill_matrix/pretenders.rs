//! The proxies that are no proxies. None may hang or crash the suite, or pass a case.

use crate::event_log::{CaseReport, Verdict};

/// Variants of the faulty proxy that are none, in kebab case.
pub(super) const PRETENDERS: [&str; 8] = [
    "closes-at-once",
    "accepts-and-hangs",
    "always-200",
    "always-same-generation",
    "crashes-on-reload",
    "never-starts",
    "exits-at-start",
    "ignores-sigterm",
];

/// What is wrong with how the suite took a pretender: its exit code (none: it did not end in time) and its reports.
pub(super) fn complaint(code: Option<i32>, wanted: &[&str], reports: &[CaseReport]) -> Option<String> {
    match code {
        None => return Some("the suite did not end in time".to_owned()),
        Some(1 | 2) => {}
        Some(code) => return Some(format!("the suite ended with {code}, not with 1 or 2")),
    }
    for id in wanted {
        match reports.iter().find(|report| report.case == *id) {
            None => return Some(format!("no report on {id}")),
            Some(report) if matches!(report.verdict, Verdict::Pass | Verdict::Observed | Verdict::Weak) => {
                return Some(format!("it earned {} in {id}", report.verdict));
            }
            Some(report) if report.verdict == Verdict::Error => {
                let why = report.why.as_deref().unwrap_or("no reason given");
                return Some(format!("the harness failed in {id}: {why}"));
            }
            Some(_) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_log::{SuiteRun, tests::LOG};

    #[test]
    fn a_pretender_fails_and_is_told_so() {
        let mut reports = SuiteRun::parse(LOG).unwrap().remove(0).cases;
        assert_eq!(complaint(Some(1), &["c"], &reports), None);
        assert!(complaint(None, &["c"], &reports).is_some());
        assert!(complaint(Some(70), &["c"], &reports).is_some());
        assert!(complaint(Some(0), &["c"], &reports).is_some());
        assert!(complaint(Some(1), &["another"], &reports).is_some());
        reports[0].verdict = Verdict::Pass;
        assert!(complaint(Some(1), &["c"], &reports).unwrap().contains("earned"));
    }
}
