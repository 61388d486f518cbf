//! `handshakes_never_fail_during_reload`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "handshakes_never_fail_during_reload",
        area: Area::Tls,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "while configurations change again and again, every handshake of a new connection succeeds",
        rationale: "A handshake takes several messages, so that a reload falls into the middle of one far more often than into that of a connect. A proxy that \
            swaps its certificates away from under it, or closes what has not asked for anything yet, turns clients away who did nothing but come at that \
            moment. Many changes of the configuration are delivered under a flood of new connections; the certificate stays as it is.",
        provenance: &["caddyserver/caddy#5589"],
        needs: &[Capability::Tls],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Tls)),
            Step::Start,
            Step::HandshakesOn {
                tasks: 6,
                pause_us: 500,
            },
            Step::Await(Condition::LeafShown),
            Step::RepeatFor {
                ms: 8_000,
                at_most: 40,
                steps: vec![Step::Change, Step::Pause],
            },
            Step::Watch { ms: 300 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::HandshakesSucceed, Level::Must),
            CheckSpec::of(Check::NoForeignLeaf, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 90,
        faults: vec![FaultSpec {
            name: "drops-handshakes",
            check: Check::HandshakesSucceed,
        }],
    }
}
