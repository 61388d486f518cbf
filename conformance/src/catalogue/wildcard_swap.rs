//! `wildcard_and_specific_address_swap`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let swap_to = |listener| {
        vec![
            Step::LayOut(Layout::listening(listener)),
            Step::Attempt,
            // Some try to bind again for longer than the apply bound, and take no other change meanwhile.
            Step::WatchPastApplyBound { ms: 1_000 },
        ]
    };
    let mut steps = vec![
        Step::LayOut(Layout::listening(Listener::Second)),
        Step::Start,
        Step::LoadOn {
            fresh: 1,
            kept: 1,
            pause_us: 5_000,
        },
    ];
    steps.extend([Listener::Second, Listener::Wildcard].map(|listener| Step::At {
        listener,
        route: 0,
        steps: vec![Step::LoadOn {
            fresh: 1,
            kept: 0,
            pause_us: 10_000,
        }],
    }));
    steps.extend(swap_to(Listener::Wildcard));
    steps.extend(swap_to(Listener::Second));
    steps.extend([Step::LayOut(Layout::default()), Step::Change, Step::LoadOff]);
    Case {
        id: "wildcard_and_specific_address_swap",
        area: Area::Listeners,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a listener that changes from one address to all of them with the same port, and back, does so, or that is refused \
            with a word and changes nothing",
        rationale: "The system lets nobody bind 0.0.0.0:80 beside 127.0.0.1:80 unless both sockets share the port, so that the order in \
            which sockets are made and closed shows. To refuse such a change is fair. To say nothing, and to be left with neither \
            address or with a listener that no file names, is not.",
        provenance: &["documented"],
        needs: &[Capability::Listeners],
        steps,
        checks: vec![
            CheckSpec::of(Check::SwappedOrRefused, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the next change, without that listener, is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "fails-silently",
            check: Check::SwappedOrRefused,
        }],
    }
}
