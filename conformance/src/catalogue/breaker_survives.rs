//! `circuit_breaker_state_survives`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Limit, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "circuit_breaker_state_survives",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "a circuit breaker that is open stays open over changes that do not concern it",
        rationale: "An upstream that is overloaded is given a rest, and a reload that forgets so sends it all that has been held back at once. The origin of a route fails each request; after five in a row it is to be left alone for 30 s, \
            while changes are made.",
        provenance: &["documented as impossible elsewhere"],
        needs: &[Capability::Routes, Capability::Breaker],
        steps: vec![
            Step::LayOut(Layout::limited(Limit::Breaker)),
            Step::Start,
            there(Step::FailuresOn {
                tasks: 2,
                pause_us: 5_000,
            }),
            Step::Watch { ms: 1_500 },
            Step::Repeat {
                times: 4,
                steps: vec![Step::Change, Step::Watch { ms: 300 }],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Should),
            CheckSpec::of(Check::BreakerStaysOpen, Level::Should),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "forgets-breaker",
            check: Check::BreakerStaysOpen,
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
