//! `proxy_applies_hot_reload_when_configuration_file_changes`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "proxy_applies_hot_reload_when_configuration_file_changes",
        area: Area::HotReload,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a valid change is applied without a restart, and so are the second and the third: no \
            connect is refused, the old origin and the old credential are let go",
        rationale: "A proxy that needs a restart for a change, or that notices the first change only, serves \
            what its operator has taken back. Three changes in a row are the fewest that tell a \
            watch that was armed once from one that is armed again. After the last change the load \
            goes on past the mixing window, so that an old worker that still answers shows.",
        provenance: &["traefik#2057", "documented"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 2,
                kept: 1,
                pause_us: 2_000,
            },
            Step::Repeat {
                times: 3,
                steps: vec![Step::Change, Step::Watch { ms: 100 }],
            },
            Step::WatchPastApplyBound { ms: 200 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "each change is served on a fresh connection within the apply bound",
            },
            CheckSpec::of(Check::MixingWindowCloses, Level::Must),
            CheckSpec::of(Check::NoMixing, Level::Should),
            CheckSpec::of(Check::OldOriginGetsNothing, Level::Must),
            CheckSpec::of(Check::CredentialTakesEffect, Level::Must),
            CheckSpec::of(Check::KeptConnectionsFollow, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "keeps-old-on-kept",
                check: Check::KeptConnectionsFollow,
            },
            FaultSpec {
                name: "never-reloads",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "reloads-only-once",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "mixes-for-100ms",
                check: Check::NoMixing,
            },
        ],
    }
}
