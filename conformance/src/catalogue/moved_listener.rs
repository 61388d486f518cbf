//! `moved_listener_makes_before_it_breaks`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "moved_listener_makes_before_it_breaks",
        area: Area::Listeners,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a listener that moves to another address is there before it is gone from the old one, and the other listener \
            knows nothing of it",
        rationale: "Who closes the old socket before the new one is bound leaves clients that know both addresses with neither, and \
            everybody if the new one cannot be bound. That is judged without a race: a connect to the old address is refused, and \
            one to the new address that begins after that is refused, too.",
        provenance: &["seen in the wild: nothing listens for seconds"],
        needs: &[Capability::Listeners],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Second)),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            many_at(Listener::Second),
            many_at(Listener::Third),
            Step::RepeatFor {
                ms: 6_000,
                at_most: 6,
                steps: [Listener::Third, Listener::Second]
                    .into_iter()
                    .flat_map(|to| {
                        [
                            Step::LayOut(Layout::listening(to)),
                            Step::Change,
                            Step::At {
                                listener: to,
                                route: 0,
                                steps: vec![Step::Await(Condition::Effect)],
                            },
                            Step::Pause,
                        ]
                    })
                    .collect(),
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::AddedListenerServes, Level::Must),
            CheckSpec::of(Check::MadeBeforeBroken, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 90,
        faults: vec![
            FaultSpec {
                name: "breaks-before-it-makes",
                check: Check::MadeBeforeBroken,
            },
            FaultSpec {
                name: "rebinds-listener",
                check: Check::NoRefusedConnect,
            },
        ],
    }
}

fn many_at(listener: Listener) -> Step {
    Step::At {
        listener,
        route: 0,
        steps: vec![Step::LoadOn {
            fresh: 3,
            kept: 0,
            pause_us: 500,
        }],
    }
}
