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

/// What is wrong with how the suite took a pretender: its exit code (none: it did not end in time) and its reports on cases that it was wanted
/// for, each with whether there is a MUST in it. Where there is none, weak is the worst that can be said.
pub(super) fn complaint(
    code: Option<i32>,
    wanted: &[(&str, bool)],
    reports: &[CaseReport],
) -> Option<String> {
    match code {
        None => return Some("the suite did not end in time".to_owned()),
        Some(1 | 2) => {}
        Some(code) => return Some(format!("the suite ended with {code}, not with 1 or 2")),
    }
    for (id, is_must) in wanted {
        match reports.iter().find(|report| report.case == *id) {
            None => return Some(format!("no report on {id}")),
            Some(report)
                if matches!(report.verdict, Verdict::Pass | Verdict::Observed)
                    || (*is_must && report.verdict == Verdict::Weak) =>
            {
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
        let wanted = [("c", true)];
        assert_eq!(complaint(Some(1), &wanted, &reports), None);
        assert!(complaint(None, &wanted, &reports).is_some());
        assert!(complaint(Some(70), &wanted, &reports).is_some());
        assert!(complaint(Some(0), &wanted, &reports).is_some());
        assert!(complaint(Some(1), &[("another", true)], &reports).is_some());
        reports[0].verdict = Verdict::Weak;
        assert!(complaint(Some(1), &wanted, &reports).unwrap().contains("earned"));
        assert_eq!(complaint(Some(1), &[("c", false)], &reports), None);
        reports[0].verdict = Verdict::Pass;
        assert!(complaint(Some(1), &wanted, &reports).unwrap().contains("earned"));
        assert!(complaint(Some(1), &[("c", false)], &reports).is_some());
    }
}
