//! `session_limit_is_never_exceeded_across_reload`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Held, Layout, Level, Limit, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "session_limit_is_never_exceeded_across_reload",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a limit on the requests at a time is not exceeded by one over changes that do not concern it",
        rationale: "A service that takes four at a time is given four more by each reload if the count begins anew with the configuration, at the very moment in which it has most to do. A route takes four requests at a time. Four are held \
            at the origin, and while changes are made others ask, which may be refused or kept waiting, and not be let through.",
        provenance: &["seen in the wild: a replaced semaphore admitted more"],
        needs: &[Capability::Routes, Capability::MaxSessions],
        steps: vec![
            Step::LayOut(Layout::limited(Limit::Sessions)),
            Step::Start,
            there(Step::Hold {
                what: Held::Request,
                count: 4,
            }),
            there(Step::SteadyOn { per_second: 40 }),
            Step::Watch { ms: 300 },
            Step::Repeat {
                times: 4,
                steps: vec![Step::Change, Step::Watch { ms: 300 }],
            },
            Step::Release,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::SessionsNeverExceeded, Level::Must),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "replaces-semaphore",
            check: Check::SessionsNeverExceeded,
        }],
    }
}

/// On the route that is limited.
fn there(step: Step) -> Step {
    Step::At {
        listener: Listener::First,
        route: 1,
        steps: vec![step],
    }
}
