//! `nothing_of_a_rejected_config_leaks`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, LeadsTo, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let before = || Step::LayOut(Layout::default().with_routes(&[LeadsTo::Apart]));
    let rejected = Layout::listening(Listener::Second).with_routes(&[LeadsTo::Current, LeadsTo::Apart]);
    let load = |listener, route| Step::At {
        listener,
        route,
        steps: vec![Step::LoadOn {
            fresh: 1,
            kept: 0,
            pause_us: 4_000,
        }],
    };
    Case {
        id: "nothing_of_a_rejected_config_leaks",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "of a file with many good changes and one mistake, none of the good ones is applied: no marker, no listener more, no \
            route more, and no route that leads elsewhere",
        rationale: "A file is one change. Who applies what stands before the mistake, or what has nothing to do with it, serves a \
            configuration that nobody wrote, and reports that it refused it. Each bad file brings a listener, brings a route, and leads a \
            route elsewhere, beside the markers that change with every file.",
        provenance: &["coredns#1455", "partial application in two documented systems"],
        needs: &[Capability::Listeners, Capability::Routes],
        steps: vec![
            before(),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 4_000,
            },
            load(Listener::First, 1),
            load(Listener::First, 2),
            load(Listener::Second, 0),
            Step::ForEachFlaw(vec![
                Step::FreshStart,
                Step::LayOut(rejected),
                Step::Flawed,
                Step::Watch { ms: 250 },
                before(),
                Step::Change,
            ]),
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::NothingLeaks, Level::Must),
            CheckSpec::of(Check::RejectedChangesNothing, Level::Must),
        ],
        budget_s: 180,
        faults: vec![
            FaultSpec {
                name: "applies-valid-part",
                check: Check::RejectedChangesNothing,
            },
            FaultSpec {
                name: "adds-routes-of-refused",
                check: Check::NothingLeaks,
            },
            FaultSpec {
                name: "opens-before-it-checks",
                check: Check::NothingLeaks,
            },
        ],
    }
}
