//! From judged cases to the end of a run: deviations, counts, conformance, exit code. Pure.

use std::collections::BTreeMap;

use crate::catalogue;
use crate::target::{Deviation, Target};
use crate::vocabulary::{CaseReport, CheckResult, Footer, Verdict};

/// The exit codes, in the order of their precedence. See `docs/verdicts.md`.
pub mod exit {
    /// A bug of the suite.
    pub const HARNESS: u8 = 70;
    /// Usage; a pattern that matches no case.
    pub const USAGE: u8 = 64;
    /// No binary.
    pub const NO_BINARY: u8 = 69;
    /// Not conformant.
    pub const NOT_CONFORMANT: u8 = 1;
    /// A stale expectation.
    pub const STALE: u8 = 3;
    /// Inconclusive.
    pub const INCONCLUSIVE: u8 = 2;
    /// Conformant.
    pub const CONFORMANT: u8 = 0;

    /// All of them, the first that holds first.
    pub const PRECEDENCE: [u8; 7] = [
        HARNESS,
        USAGE,
        NO_BINARY,
        NOT_CONFORMANT,
        STALE,
        INCONCLUSIVE,
        CONFORMANT,
    ];

    /// The first of some codes that holds. Without any, nothing was executed, which is never a success.
    pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
        let rank = |code: &u8| PRECEDENCE.iter().position(|known| known == code).unwrap_or(0);
        codes.into_iter().min_by_key(rank).unwrap_or(USAGE)
    }
}

/// Marks failures that are known deviations.
pub fn mark_deviations(case: &str, results: &mut [CheckResult], deviations: &[Deviation]) {
    for result in results.iter_mut().filter(|result| has_failed(result)) {
        let known = deviations
            .iter()
            .find(|deviation| deviation.case == case && covers(deviation, result));
        result.deviation = known.map(|deviation| deviation.reason.clone());
    }
}

/// Whether every failure of a case is a known deviation, and there is one.
pub fn is_known(results: &[CheckResult]) -> bool {
    let mut failed = results
        .iter()
        .filter(|result| result.verdict == Verdict::Fail)
        .peekable();
    failed.peek().is_some() && failed.all(|result| result.deviation.is_some())
}

/// Expectations of a target's folder that did not come true, in words: deviations that did not fail as listed, and cases that are said
/// not to apply and do. Those of cases that were not run are left out.
pub fn stale(target: &Target, cases: &[CaseReport]) -> Vec<String> {
    let mut stale = stale_deviations(target.deviations(), cases);
    stale.extend(stale_inapplicable(target.inapplicable(), cases));
    stale
}

fn stale_inapplicable(listed: &BTreeMap<String, String>, cases: &[CaseReport]) -> Vec<String> {
    let known = catalogue::all();
    let stale = |id: &String| {
        if !known.iter().any(|case| case.id == id) {
            return Some(format!("{id}: there is no such case"));
        }
        let report = cases.iter().find(|report| report.case == *id)?;
        let is_judged = !matches!(report.verdict, Verdict::Error(_) | Verdict::NotRun(_));
        (is_judged && !report.has_unsupported())
            .then(|| format!("{id}: listed as inapplicable, but all of it applies"))
    };
    listed.keys().filter_map(stale).collect()
}

fn stale_deviations(deviations: &[Deviation], cases: &[CaseReport]) -> Vec<String> {
    let known = catalogue::all();
    let stale = |deviation: &Deviation| {
        let name = format!("{} {}", deviation.case, deviation.check);
        if !known.iter().any(|case| case.id == deviation.case) {
            return Some(format!("{name}: there is no such case"));
        }
        let report = cases.iter().find(|report| report.case == deviation.case)?;
        if matches!(
            report.verdict,
            Verdict::Inconclusive(_) | Verdict::Error(_) | Verdict::NotRun(_)
        ) {
            return None;
        }
        let failed = report
            .checks
            .iter()
            .any(|result| covers(deviation, result) && has_failed(result));
        (!failed).then(|| format!("{name}: listed as a deviation, but it did not fail"))
    };
    deviations.iter().filter_map(stale).collect()
}

/// The end of a run. Where `strict`, what is unsupported counts as a failure, unless the target's folder says why it cannot apply.
pub fn footer(cases: &[CaseReport], stale: Vec<String>, strict: bool, took_ms: u64) -> Footer {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for case in cases {
        let word = if case.known_deviation {
            "known deviation"
        } else {
            case.verdict.word()
        };
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    let codes = cases.iter().map(|case| exit_code(case, strict));
    let expectation = if stale.is_empty() { None } else { Some(exit::STALE) };
    let exit_code = exit::worst(codes.chain(expectation));
    let conformant = matches!(exit_code, exit::CONFORMANT | exit::STALE);
    Footer {
        counts,
        conformant,
        stale,
        exit_code,
        took_ms,
    }
}

fn exit_code(case: &CaseReport, strict: bool) -> u8 {
    match &case.verdict {
        Verdict::Error(_) => exit::HARNESS,
        Verdict::NotRun(_) => exit::NO_BINARY,
        Verdict::Fail if !case.known_deviation => exit::NOT_CONFORMANT,
        _ if strict && case.inapplicable.is_none() && case.has_unsupported() => exit::NOT_CONFORMANT,
        Verdict::Inconclusive(_) => exit::INCONCLUSIVE,
        Verdict::Fail | Verdict::Pass | Verdict::Observed | Verdict::Weak | Verdict::Unsupported(_) => {
            exit::CONFORMANT
        }
    }
}

fn covers(deviation: &Deviation, result: &CheckResult) -> bool {
    deviation.check == result.check
        && deviation
            .subject
            .as_ref()
            .is_none_or(|subject| result.subject.as_ref() == Some(subject))
}

fn has_failed(result: &CheckResult) -> bool {
    matches!(result.verdict, Verdict::Fail | Verdict::Weak)
}

#[cfg(test)]
mod tests {
    use super::{exit, footer, is_known, mark_deviations, stale_deviations, stale_inapplicable};
    use crate::target::Deviation;
    use crate::vocabulary::{Area, CaseReport, Check, CheckResult, Level, Verdict};

    const CASE: &str = "reload_is_atomic_during_concurrent_requests";

    fn result(check: Check, verdict: Verdict) -> CheckResult {
        let level = Level::Must;
        CheckResult {
            check,
            subject: None,
            level,
            verdict,
            trials: None,
            figure: None,
            finding: None,
            deviation: None,
        }
    }

    fn report(verdict: Verdict, mut checks: Vec<CheckResult>, deviations: &[Deviation]) -> CaseReport {
        mark_deviations(CASE, &mut checks, deviations);
        CaseReport {
            case: CASE.into(),
            area: Area::ConnectionManagement,
            level: Level::Must,
            verdict,
            known_deviation: is_known(&checks),
            inapplicable: None,
            checks,
            took_ms: 1,
            evidence: None,
        }
    }

    fn torn_is_known() -> Deviation {
        Deviation {
            case: CASE.into(),
            check: Check::NeverTorn,
            subject: None,
            variant: None,
            reason: "documented".into(),
        }
    }

    #[test]
    fn nothing_executed_is_never_a_success() {
        assert_ne!(footer(&[], Vec::new(), false, 0).exit_code, exit::CONFORMANT);
    }

    #[test]
    fn a_failure_is_not_conformant() {
        let report = report(Verdict::Fail, vec![result(Check::NeverTorn, Verdict::Fail)], &[]);
        assert_eq!(
            footer(&[report], Vec::new(), false, 0).exit_code,
            exit::NOT_CONFORMANT
        );
    }

    #[test]
    fn a_known_deviation_is_conformant() {
        let report = report(
            Verdict::Fail,
            vec![result(Check::NeverTorn, Verdict::Fail)],
            &[torn_is_known()],
        );
        assert!(report.known_deviation);
        assert!(footer(&[report], Vec::new(), false, 0).conformant);
    }

    #[test]
    fn a_failure_beside_a_known_one_is_not_excused() {
        let checks = vec![
            result(Check::NeverTorn, Verdict::Fail),
            result(Check::NoFailedRequest, Verdict::Fail),
        ];
        assert!(!report(Verdict::Fail, checks, &[torn_is_known()]).known_deviation);
    }

    #[test]
    fn a_deviation_that_passes_is_stale() {
        let report = report(
            Verdict::Pass,
            vec![result(Check::NeverTorn, Verdict::Pass)],
            &[torn_is_known()],
        );
        let stale = stale_deviations(&[torn_is_known()], std::slice::from_ref(&report));
        assert_eq!(stale.len(), 1);
        assert_eq!(footer(&[report], stale, false, 0).exit_code, exit::STALE);
    }

    #[test]
    fn a_deviation_of_no_case_is_stale() {
        let deviation = Deviation {
            case: "no_such_case".into(),
            ..torn_is_known()
        };
        assert_eq!(stale_deviations(&[deviation], &[]).len(), 1);
    }

    #[test]
    fn unsupported_fails_only_where_strict() {
        let checks = || {
            vec![result(
                Check::NeverTorn,
                Verdict::Unsupported("no markers".into()),
            )]
        };
        let of_one_check = report(Verdict::Pass, checks(), &[]);
        let whole = report(Verdict::Unsupported("no trigger".into()), Vec::new(), &[]);
        for mut report in [of_one_check, whole] {
            let code = |report: &CaseReport, strict| {
                footer(std::slice::from_ref(report), Vec::new(), strict, 0).exit_code
            };
            assert_eq!(code(&report, false), exit::CONFORMANT);
            assert_eq!(code(&report, true), exit::NOT_CONFORMANT);
            report.inapplicable = Some("nobody triggers it".into());
            assert_eq!(code(&report, true), exit::CONFORMANT);
        }
    }

    #[test]
    fn what_is_said_not_to_apply_and_does_is_stale() {
        let listed = |id: &str| [(id.to_owned(), "reason".to_owned())].into();
        let applies = [report(
            Verdict::Pass,
            vec![result(Check::NeverTorn, Verdict::Pass)],
            &[],
        )];
        let does_not = [report(Verdict::Unsupported("no".into()), Vec::new(), &[])];
        assert_eq!(stale_inapplicable(&listed(CASE), &applies).len(), 1);
        assert!(stale_inapplicable(&listed(CASE), &does_not).is_empty());
        assert!(stale_inapplicable(&listed(CASE), &[]).is_empty());
        assert_eq!(stale_inapplicable(&listed("no_such_case"), &[]).len(), 1);
    }

    #[test]
    fn the_first_code_that_holds_wins() {
        assert_eq!(
            exit::worst([exit::INCONCLUSIVE, exit::NOT_CONFORMANT, exit::CONFORMANT]),
            exit::NOT_CONFORMANT
        );
        assert_eq!(exit::worst([exit::INCONCLUSIVE, exit::STALE]), exit::STALE);
        assert_eq!(exit::worst([exit::NO_BINARY, exit::HARNESS]), exit::HARNESS);
    }
}
