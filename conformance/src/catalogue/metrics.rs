//! `reload_metrics_are_truthful`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Question, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let counted = |name| FaultSpec {
        name,
        check: Check::ReloadIsCounted,
    };
    Case {
        id: "reload_metrics_are_truthful",
        area: Area::Logging,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "what the metrics have of reloads is true within the apply bound: successes, failures and durations are counted, the \
            time of the last success and whether the last reload went well are right, and the watch counts as running",
        rationale: "Nobody reads the log of a thousand proxies; an alert on these metrics is how a change that was refused is noticed at all. A \
            counter of failures that nothing moves is worse than none: the dashboard is green while every proxy serves what it \
            served last week. Of a target only that is asked for which its folder says that it has.",
        provenance: &["seen in the wild: a counter of failures that nothing moved"],
        needs: &[Capability::Metrics],
        steps: vec![
            Step::Start,
            Step::Ask(Question::Metrics),
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 2_000,
            },
            Step::Repeat {
                times: 2,
                steps: vec![Step::Change, Step::AskUntilTold(Question::Metrics)],
            },
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![Step::Flawed, Step::AskUntilTold(Question::Metrics)],
            },
            Step::Watch { ms: 100 },
            Step::Change,
            Step::AskUntilTold(Question::Metrics),
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::ReloadIsCounted, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            counted("counts-no-failures"),
            counted("counts-refused-as-success"),
            counted("success-time-stands-still"),
        ],
    }
}
