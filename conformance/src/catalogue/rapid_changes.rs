//! `proxy_handles_multiple_rapid_config_changes`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "proxy_handles_multiple_rapid_config_changes",
        area: Area::HotReload,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "fifty changes as fast as they can be written, then ten pairs, each as soon as the one before is \
            served, one trigger each, end on the last, never go back, and fail no request",
        rationale: "A burst is where a debounce starves, a queue applies in the wrong order, and a reload \
            that is still running swallows the next, even when what it brought is served already: \
            that is what the pairs fall into. The load goes on for longer than the apply \
            bound after the last change was seen, because a late return to an older generation is \
            the worst of these.",
        provenance: &["traefik PR#6633"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 2,
                kept: 2,
                pause_us: 2_000,
            },
            Step::Burst { changes: 50 },
            Step::Repeat {
                times: 10,
                steps: vec![Step::Burst { changes: 2 }],
            },
            Step::WatchPastApplyBound { ms: 1_200 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::LastWins, Level::Must),
            CheckSpec::of(Check::NeverBackwards, Level::Must),
            CheckSpec::of(Check::NoFailedRequest, Level::Must),
            CheckSpec::of(Check::NoErrorStatus, Level::Must),
            CheckSpec::of(Check::NoKeepaliveRace, Level::Should),
        ],
        budget_s: 90,
        faults: vec![
            FaultSpec {
                name: "keeps-middle",
                check: Check::LastWins,
            },
            FaultSpec {
                name: "deaf-after-reload",
                check: Check::LastWins,
            },
            FaultSpec {
                name: "goes-backwards",
                check: Check::NeverBackwards,
            },
        ],
    }
}
