//! `partial_change_keeps_unchanged_objects`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, LeadsTo, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "partial_change_keeps_unchanged_objects",
        area: Area::HotReload,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "over many changes, a route that none of them changes leads where it always led, for every single request",
        rationale: "Most changes change one thing of hundreds. Who builds all routes anew with each can have a moment in which some are \
            not there yet, and answers what they take by another route, or by an error. The route for all paths, and with it the \
            origin behind it, changes here, and a route beside it never does.",
        provenance: &["Kong/kong#6447"],
        needs: &[Capability::Routes],
        steps: vec![
            Step::LayOut(Layout::default().with_routes(&[LeadsTo::Apart])),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 5_000,
            },
            Step::At {
                listener: Listener::First,
                route: 1,
                steps: vec![Step::LoadOn {
                    fresh: 2,
                    kept: 2,
                    pause_us: 500,
                }],
            },
            Step::RepeatFor {
                ms: 5_000,
                at_most: 20,
                steps: vec![Step::Pause, Step::Change],
            },
            Step::Watch { ms: 50 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::UnchangedRouteStays, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "forgets-side-routes",
            check: Check::UnchangedRouteStays,
        }],
    }
}
