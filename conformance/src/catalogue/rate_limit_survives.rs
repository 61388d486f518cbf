//! `rate_limit_balance_survives`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Limit, Listener, Profile, Step,
};

/// How long it has run before the first change, in milliseconds: who takes over what another counted waits for that at a start, though nobody is there.
const RUN_IN_MS: u32 = 7_000;

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "rate_limit_balance_survives",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a rate limit that is used up stays used up over changes that do not concern it",
        rationale: "A limit that begins anew with each reload is no limit for whoever reloads often, and who is to be held off is let through in bursts. One route lets 20 requests through in a minute, all of which may come at once. \
            Clients ask for more, each on a connection of its own, while six changes are made that leave the limit as it is. The process has run for a while by then: what a limit is worth \
            in the first seconds after a start is another question.",
        provenance: &["hookaido PR#239"],
        needs: &[Capability::Routes, Capability::RateLimit],
        steps: vec![
            Step::LayOut(Layout::limited(Limit::Tight)),
            Step::Start,
            there(Step::LoadOn {
                fresh: 2,
                kept: 0,
                pause_us: 2_000,
            }),
            Step::Watch { ms: RUN_IN_MS },
            Step::Repeat {
                times: 6,
                steps: vec![Step::Change, Step::Watch { ms: 300 }],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::BalanceSurvives, Level::Must),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "refills-on-reload",
            check: Check::BalanceSurvives,
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
