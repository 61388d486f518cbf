//! `affinity_survives`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, LeadsTo, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "affinity_survives",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "over changes that leave its upstreams as they are, each session stays with the one that it had",
        rationale: "What is kept in the memory of one server is lost to a client that is sent to another: its cart, its login, its cache. Who draws the order of upstreams, or the \
            seed of a hash, anew with each configuration sends clients elsewhere at every reload.",
        provenance: &["haproxy/haproxy#1216"],
        needs: &[Capability::Affinity],
        steps: vec![
            Step::LayOut(Layout::default().with_routes(&[LeadsTo::Affine])),
            Step::Start,
            Step::At {
                listener: Listener::First,
                route: 1,
                steps: vec![Step::SessionsOn {
                    tasks: 8,
                    pause_us: 5_000,
                }],
            },
            Step::Watch { ms: 500 },
            Step::RepeatFor {
                ms: 6_000,
                at_most: 20,
                steps: vec![Step::Pause, Step::Change],
            },
            Step::Watch { ms: 500 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Should),
            CheckSpec::of(Check::AffinitySurvives, Level::Should),
            CheckSpec::of(Check::TakesEffect, Level::Should),
        ],
        budget_s: 90,
        faults: vec![FaultSpec {
            name: "reshuffles-sessions",
            check: Check::AffinitySurvives,
        }],
    }
}
