//! The judge: a case and its timeline in, a verdict on each check out.
//!
//! Never: a clock, a file, a process. The same timeline always gets the same verdicts, whether it was recorded a second or
//! a year ago. Invariant: this module imports `vocabulary` and nothing else of the suite.
//!
//! Every check is a function in `checks`; what it needs of a timeline it asks of a view of it.
//!
//! Nothing passes for want of trials: a check that found nothing to judge, or whose run was cut short, or in whose run the
//! harness itself failed requests, is inconclusive. A finding against the target stands whatever else went wrong.

mod checks;
mod life;
mod opinion;
mod plan;
mod register;
mod request;
mod view;

use crate::vocabulary::{Case, Check, CheckResult, Level, Timeline, Verdict};

use opinion::{Judgement, Opinion};
use view::View;

/// Judges a timeline by the checks of its case, and by the unasked ones.
pub fn judge(case: &Case, timeline: &Timeline) -> Vec<CheckResult> {
    let view = View::of(case, timeline);
    let unasked = Check::UNASKED.into_iter();
    let own = case.checks.iter().map(|spec| spec.id);
    unasked
        .chain(own)
        .flat_map(|check| judge_one(case, check, &view))
        .collect()
}

/// The verdict on a case, of the results of its checks.
///
/// A case of which none of its own checks could be judged is unsupported, unless an unasked check speaks against the target.
pub fn verdict(results: &[CheckResult]) -> Verdict {
    let (unasked, own): (Vec<_>, Vec<_>) = results
        .iter()
        .partition(|result| Check::UNASKED.contains(&result.check));
    let own = Verdict::of_checks(own.into_iter().map(|result| &result.verdict));
    let unasked = Verdict::of_checks(unasked.into_iter().map(|result| &result.verdict));
    match unasked {
        Verdict::Pass => own,
        other => Verdict::of_checks([&other, &own]),
    }
}

fn judge_one(case: &Case, check: Check, view: &View<'_>) -> Vec<CheckResult> {
    let level = case.level_of(check);
    let asked = !Check::UNASKED.contains(&check);
    let mut opinions = match view.plan.lacks.filter(|_| asked) {
        Some(flaw) => vec![Opinion::unsupported(format!(
            "the target cannot be given a bad file of the kind {flaw}"
        ))],
        None => checks::opinions(check, view),
    };
    if opinions.is_empty() {
        opinions.push(Opinion::inconclusive("nothing was tried"));
    }
    opinions
        .into_iter()
        .map(|opinion| unless_cut_short(opinion, check, view))
        .map(|opinion| unless_valid_here(opinion, asked, view))
        .map(|opinion| opinion.into_result(check, level, case.requirement_of(check)))
        .collect()
}

/// What was met in a run that was cut short, or that the harness itself failed, was not shown to be met.
fn unless_cut_short(opinion: Opinion, check: Check, view: &View<'_>) -> Opinion {
    if opinion.judgement != Judgement::Met {
        return opinion;
    }
    // The unasked checks are of whatever was done, be it all or not.
    let cut_short = || {
        let asked = !Check::UNASKED.contains(&check);
        (asked && !opinion.is_final)
            .then(|| view.cut_short(opinion.subject.as_deref()))
            .flatten()
    };
    match view.harness_failed().or_else(cut_short) {
        Some(why) => Opinion {
            judgement: Judgement::Inconclusive(why),
            ..opinion
        },
        None => opinion,
    }
}

/// What was to be seen after a bad file was not seen where the target takes that file for a good one.
fn unless_valid_here(opinion: Opinion, asked: bool, view: &View<'_>) -> Opinion {
    match opinion.judgement {
        Judgement::Met | Judgement::Inconclusive(_) if asked && view.all_valid_here() => Opinion {
            judgement: Judgement::Unsupported(checks::VALID_HERE.to_owned()),
            ..opinion
        },
        _ => opinion,
    }
}

impl Opinion {
    fn into_result(self, check: Check, level: Level, requirement: &str) -> CheckResult {
        let (verdict, finding) = match self.judgement {
            Judgement::Met if level == Level::Observe => (Verdict::Observed, None),
            Judgement::Met => (Verdict::Pass, None),
            Judgement::NotMet(seen) => {
                let verdict = match level {
                    Level::Must => Verdict::Fail,
                    Level::Should => Verdict::Weak,
                    Level::Observe => Verdict::Observed,
                };
                (verdict, Some(seen.into_finding(requirement)))
            }
            Judgement::Unsupported(why) => (Verdict::Unsupported(why), None),
            Judgement::Inconclusive(why) => (Verdict::Inconclusive(why), None),
            Judgement::Observed => (Verdict::Observed, None),
        };
        CheckResult {
            check,
            subject: self.subject,
            level,
            verdict,
            trials: self.trials,
            figure: self.figure,
            finding,
            deviation: None,
        }
    }
}
