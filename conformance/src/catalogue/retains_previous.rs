//! `proxy_retains_previous_config_when_invalid_hot_reload_detected`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "proxy_retains_previous_config_when_invalid_hot_reload_detected",
        area: Area::ConfigValidation,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "each kind of invalid file leaves every marker as it was, on fresh and on kept \
            connections, and the process alive; the rejection can be observed; the next good file is \
            applied",
        rationale: "A typing error in a file must cost nothing but a log line. What is invalid is asked of \
            the target itself: each file is first tried on a fresh start of its own, and one that is \
            accepted there is not held against a reload. A good file follows each bad one, because \
            some proxies keep serving but never take a change again.",
        provenance: &["coredns#1455", "fluent-bit#10547", "haproxy#3229"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            Step::ForEachFlaw(vec![
                Step::FreshStart,
                Step::Flawed,
                Step::Watch { ms: 250 },
                Step::Change,
            ]),
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::RejectedChangesNothing, Level::Must),
            CheckSpec::of(Check::RejectionIsObserved, Level::Must),
            CheckSpec::of(Check::Recovers, Level::Must),
        ],
        budget_s: 180,
        faults: vec![
            FaultSpec {
                name: "applies-invalid",
                check: Check::RejectedChangesNothing,
            },
            FaultSpec {
                name: "applies-valid-part",
                check: Check::RejectedChangesNothing,
            },
            FaultSpec {
                name: "applies-truncated",
                check: Check::RejectedChangesNothing,
            },
            FaultSpec {
                name: "stuck-after-bad",
                check: Check::Recovers,
            },
            FaultSpec {
                name: "exits-on-bad",
                check: Check::StaysAlive,
            },
        ],
    }
}
