//! `kept_alive_connection_gets_new_config`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Condition, FaultSpec, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "kept_alive_connection_gets_new_config",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "the next request on a connection from before a change is served by the new configuration, or the \
            connection was retired first; at the latest when the target's documented drain is over",
        rationale: "Clients keep connections for hours. One that goes on being served by what was in force when it was accepted \
            sends requests to an origin that was taken away, with a credential that was revoked, and no reload helps. \
            Connections are asked all the time over two changes, some more only after both. Who lets old connections drain \
            has the documented time to do it; where that is minutes, only the wish that it be at once is judged.",
        provenance: &["traefik#1174"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 4,
                pause_us: 5_000,
            },
            Step::Hold {
                what: Held::Idle,
                count: 2,
            },
            Step::Watch { ms: 50 },
            Step::Repeat {
                times: 2,
                steps: vec![Step::Change, Step::Watch { ms: 100 }],
            },
            Step::Release,
            Step::Await(Condition::KeptFollow),
            Step::Watch { ms: 100 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::KeptFollowOnceDrained, Level::Must),
            CheckSpec::of(Check::KeptFollowAtOnce, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "keeps-old-on-kept",
                check: Check::KeptFollowOnceDrained,
            },
            FaultSpec {
                name: "lags-on-kept",
                check: Check::KeptFollowAtOnce,
            },
        ],
    }
}
