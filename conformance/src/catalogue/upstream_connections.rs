//! `upstream_connections_are_reused`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, LeadsTo, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "upstream_connections_are_reused",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "over changes that leave an upstream as it is, requests go on by the connections to it that stand",
        rationale: "A pool that is thrown away with each configuration costs a handshake for every connection, all of them at once, and to an upstream that has many such proxies \
            in front of it that is a flood.",
        provenance: &["envoyproxy/envoy#16165"],
        needs: &[Capability::UpstreamKeepalive],
        steps: vec![
            Step::LayOut(Layout::default().with_routes(&[LeadsTo::Kept])),
            Step::Start,
            Step::At {
                listener: Listener::First,
                route: 1,
                steps: vec![Step::LoadOn {
                    fresh: 0,
                    kept: 2,
                    pause_us: 2_000,
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
            CheckSpec::of(Check::UpstreamConnectionsStay, Level::Should),
            CheckSpec::of(Check::TakesEffect, Level::Should),
        ],
        budget_s: 90,
        faults: vec![FaultSpec {
            name: "loses-its-pool",
            check: Check::UpstreamConnectionsStay,
        }],
    }
}
