//! `runtime_failure_rolls_back_fully`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "runtime_failure_rolls_back_fully",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a valid change that cannot be applied, as somebody else listens where it wants to, leaves everything as it was, no \
            listener stops meanwhile, the failure can be observed, and the next good change is applied",
        rationale: "No check of a file can know that a port is taken. Who has begun to change when that shows must be able to go back, \
            all the way: with the old listeners as open as they were, and nothing of the new file in force.",
        provenance: &["coredns reload, \"Bugs\"", "caddy#4954"],
        needs: &[Capability::Listeners],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Second)),
            Step::Start,
            Step::LoadOn {
                fresh: 2,
                kept: 1,
                pause_us: 500,
            },
            Step::At {
                listener: Listener::Second,
                route: 0,
                steps: vec![Step::LoadOn {
                    fresh: 2,
                    kept: 0,
                    pause_us: 500,
                }],
            },
            Step::Change,
            Step::Occupy(Listener::Third),
            Step::LayOut(Layout::listening(Listener::Third)),
            Step::Doomed,
            // Some try to bind again for longer than the apply bound, and take no other change meanwhile.
            Step::WatchPastApplyBound { ms: 1_000 },
            Step::Vacate,
            Step::LayOut(Layout::listening(Listener::Second)),
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::FailureChangesNothing, Level::Must),
            CheckSpec::of(Check::FailureIsReported, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the change before, and the next good one, are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "applies-around-failure",
                check: Check::FailureChangesNothing,
            },
            FaultSpec {
                name: "closes-before-failure",
                check: Check::FailureChangesNothing,
            },
            FaultSpec {
                name: "fails-silently",
                check: Check::FailureIsReported,
            },
        ],
    }
}
