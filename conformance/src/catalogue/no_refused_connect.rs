//! `no_connect_refused_during_reload`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "no_connect_refused_during_reload",
        area: Area::Listeners,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "over many reloads, every connect to an address that all of them have is taken: none is refused, reset or \
            left hanging",
        rationale: "A proxy that closes its listening socket to open it anew refuses whoever comes in between. The gap is \
            short, and met only by many who connect over many changes: here four tasks with a connection a request, over \
            a hundred changes or as many as fit into ten seconds. What becomes of the requests on them is judged elsewhere.",
        provenance: &["haproxy#1413"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 4,
                kept: 0,
                pause_us: 1_000,
            },
            Step::RepeatFor {
                ms: 10_000,
                at_most: 100,
                steps: vec![Step::Pause, Step::Change],
            },
            Step::Watch { ms: 50 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::NoConnectLost, Level::Must),
        ],
        budget_s: 90,
        faults: vec![FaultSpec {
            name: "rebinds-listener",
            check: Check::NoConnectLost,
        }],
    }
}
