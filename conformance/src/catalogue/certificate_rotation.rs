//! `certificate_file_rotation_is_picked_up`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile,
    Renewal, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "certificate_file_rotation_is_picked_up",
        area: Area::Tls,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a certificate that is renewed in its file, with its key, is shown by new handshakes within the apply bound, though the configuration \
            says what it said; the one before is not shown again, and a change of the configuration thereafter is applied",
        rationale: "Certificates are renewed by programs that write their files and nothing else, every few weeks, at night. A proxy that reads them only with \
            its configuration, or takes a reload of the same configuration for none, goes on until the old certificate expires, and then all clients are turned \
            away at once. Three times, certificate and key are renamed over those before, and the target is told as its documentation says, if it has to be; \
            all the while clients shake hands who resume no session.",
        provenance: &["traefik/traefik#3083"],
        needs: &[Capability::Tls],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Tls)),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 20_000,
            },
            Step::HandshakesOn {
                tasks: 2,
                pause_us: 10_000,
            },
            Step::Await(Condition::LeafShown),
            Step::Repeat {
                times: 3,
                steps: vec![
                    Step::Renew(Renewal::Pair),
                    Step::Await(Condition::LeafShown),
                    Step::Watch { ms: 200 },
                ],
            },
            Step::Change,
            Step::WatchPastApplyBound { ms: 500 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::LeafTakesEffect, Level::Must),
            CheckSpec::of(Check::LeafNeverGoesBack, Level::Must),
            CheckSpec::of(Check::NoForeignLeaf, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "keeps-certificates",
                check: Check::LeafTakesEffect,
            },
            FaultSpec {
                name: "flaps-certificates",
                check: Check::LeafNeverGoesBack,
            },
        ],
    }
}
