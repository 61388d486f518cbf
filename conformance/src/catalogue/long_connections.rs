//! `reload_does_not_wait_for_long_connections`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let hold = |what| Step::Hold { what, count: 2 };
    Case {
        id: "reload_does_not_wait_for_long_connections",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a change, and the one after it, take effect within the apply bound while requests and streams \
            are open that do not end, and those finish intact all the same",
        rationale: "Somebody always has a stream open. A proxy that applies a change only once its connections have \
            come to rest, or that takes no second change for as long as those of before the first are still \
            being drained, is not reloaded for hours, and nothing says so. What is open here ends only after \
            both changes.",
        provenance: &["opnsense/plugins#3934", "caddy#5393"],
        needs: &[],
        steps: vec![
            Step::Start,
            hold(Held::Request),
            hold(Held::Stream),
            Step::Repeat {
                times: 2,
                steps: vec![Step::Change, Step::Watch { ms: 50 }],
            },
            Step::Release,
        ],
        checks: vec![
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "each change is served on a fresh connection within the apply bound, whatever is still open",
            },
            CheckSpec::of(Check::InFlightCompletes, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "waits-for-open",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "truncates-stream",
                check: Check::InFlightCompletes,
            },
        ],
    }
}
