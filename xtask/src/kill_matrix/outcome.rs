//! What a run of the suite on a faulty proxy shows. Pure: reports in, outcomes out.

use std::fmt;

use crate::event_log::{CaseReport, Verdict};

/// How a case did on a fault that it names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// By the check that it names.
    Caught,
    /// By checks, but not by the one that it names.
    ByOthers(Vec<String>),
    /// The case said nothing.
    NotJudged(String),
    /// The faulty proxy passed.
    Survived,
}

impl Outcome {
    /// Of a report, if there is one, by the check that is named.
    pub(super) fn of(report: Option<&CaseReport>, check: &str) -> Self {
        let Some(report) = report else {
            return Self::NotJudged("there is no report".to_owned());
        };
        let against: Vec<_> = report
            .checks
            .iter()
            .filter(|result| result.is_against())
            .collect();
        if against.iter().any(|result| result.check == check) {
            Self::Caught
        } else if !against.is_empty() {
            Self::ByOthers(against.iter().map(|result| result.title()).collect())
        } else if matches!(report.verdict, Verdict::Pass | Verdict::Observed) {
            Self::Survived
        } else {
            let why = report.why.as_deref().unwrap_or("no reason given");
            Self::NotJudged(format!("{}: {why}", report.verdict))
        }
    }

    /// Whether it is as it must be.
    pub(super) fn is_caught(&self) -> bool {
        *self == Self::Caught
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught => f.write_str("caught"),
            Self::ByOthers(checks) => write!(f, "MISSED by it, caught by {}", checks.join(", ")),
            Self::NotJudged(why) => write!(f, "NOT JUDGED, {why}"),
            Self::Survived => f.write_str("SURVIVED"),
        }
    }
}

/// What the correct proxy is wrongly accused of in a case, if it is.
pub(super) fn accusation(report: &CaseReport) -> Option<String> {
    let against: Vec<_> = report
        .checks
        .iter()
        .filter(|result| result.is_against())
        .collect();
    if !against.is_empty() {
        let words = against.iter().map(|result| match &result.finding {
            Some(finding) => format!("{}: {}", result.title(), finding.observed),
            None => result.title(),
        });
        return Some(words.collect::<Vec<_>>().join("; "));
    }
    let is_fine = matches!(report.verdict, Verdict::Pass | Verdict::Observed);
    (!is_fine).then(|| {
        let why = report.why.as_deref().unwrap_or("no reason given");
        format!("{}: {why}", report.verdict)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_log::{SuiteRun, tests::LOG};

    fn report() -> CaseReport {
        SuiteRun::parse(LOG).unwrap().remove(0).cases.remove(0)
    }

    #[test]
    fn the_named_check_must_speak() {
        let report = report();
        assert_eq!(Outcome::of(Some(&report), "recovers"), Outcome::Caught);
        assert_eq!(
            Outcome::of(Some(&report), "stays_alive"),
            Outcome::ByOthers(vec!["recovers/syntax".to_owned()])
        );
    }

    #[test]
    fn silence_is_no_kill() {
        let mut report = report();
        report.checks.clear();
        report.verdict = Verdict::Inconclusive;
        report.why = Some("too few requests".to_owned());
        assert!(matches!(
            Outcome::of(Some(&report), "recovers"),
            Outcome::NotJudged(_)
        ));
        assert!(accusation(&report).is_some());
        report.verdict = Verdict::Pass;
        assert_eq!(Outcome::of(Some(&report), "recovers"), Outcome::Survived);
        assert_eq!(accusation(&report), None);
        assert!(matches!(Outcome::of(None, "recovers"), Outcome::NotJudged(_)));
    }

    #[test]
    fn the_correct_proxy_is_accused_with_what_was_seen() {
        assert_eq!(
            accusation(&report()).as_deref(),
            Some("recovers/syntax: generation 2")
        );
    }
}
