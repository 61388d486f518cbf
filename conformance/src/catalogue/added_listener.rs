//! `added_listener_starts_removed_listener_stops`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "added_listener_starts_removed_listener_stops",
        area: Area::Listeners,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a listener that a change adds serves that change within the apply bound, one that a change takes away stops, and \
            the other one knows nothing of either",
        rationale: "Ports are added and taken away as services come and go. A listener that only comes with a restart makes hot reload \
            half a promise; one that stays when its file no longer names it keeps a door open that everybody takes for closed.",
        provenance: &["vicanso/pingap#50"],
        needs: &[Capability::Listeners],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            at_second(vec![Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 5_000,
            }]),
            Step::Repeat {
                times: 2,
                steps: vec![
                    Step::LayOut(Layout::listening(Listener::Second)),
                    Step::Change,
                    at_second(vec![Step::Await(Condition::Effect)]),
                    Step::LayOut(Layout::default()),
                    Step::Change,
                    at_second(vec![Step::Await(Condition::Refusal)]),
                    Step::Watch { ms: 100 },
                ],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::AddedListenerServes, Level::Must),
            CheckSpec::of(Check::RemovedListenerStops, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "ignores-new-listeners",
                check: Check::AddedListenerServes,
            },
            FaultSpec {
                name: "keeps-old-listeners",
                check: Check::RemovedListenerStops,
            },
        ],
    }
}

fn at_second(steps: Vec<Step>) -> Step {
    Step::At {
        listener: Listener::Second,
        route: 0,
        steps,
    }
}
