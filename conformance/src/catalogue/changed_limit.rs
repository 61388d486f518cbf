//! `changed_limit_takes_effect`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Limit, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "changed_limit_takes_effect",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a rate limit that a change lowers or raises counts once the change is seen",
        rationale: "Whoever lowers a limit does so because too much comes, and whoever raises one because too much is refused: a setting that is read and has no effect until the next start is worse than one that is refused. \
            A route lets 20 requests through in a minute, then more than anybody asks for, then 20 again, twice.",
        provenance: &["exporter-toolkit#442"],
        needs: &[Capability::Routes, Capability::RateLimit],
        steps: vec![
            Step::LayOut(Layout::limited(Limit::Tight)),
            Step::Start,
            there(Step::LoadOn {
                fresh: 2,
                kept: 0,
                pause_us: 2_000,
            }),
            Step::Watch { ms: 500 },
            Step::Repeat {
                times: 2,
                steps: vec![
                    Step::LayOut(Layout::limited(Limit::Ample)),
                    Step::Change,
                    Step::WatchPastApplyBound { ms: 1_000 },
                    Step::LayOut(Layout::limited(Limit::Tight)),
                    Step::Change,
                    Step::WatchPastApplyBound { ms: 1_000 },
                ],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::LowerLimitCounts, Level::Must),
            CheckSpec::of(Check::HigherLimitCounts, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "ignores-lower-limits",
                check: Check::LowerLimitCounts,
            },
            FaultSpec {
                name: "ignores-higher-limits",
                check: Check::HigherLimitCounts,
            },
        ],
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
