//! `overlapping_triggers_are_serialised`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "overlapping_triggers_are_serialised",
        area: Area::HotReload,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "where a change is told in several ways at once, the newest file wins, nothing goes back, and no request fails",
        rationale: "An operator saves the file, a hook sends SIGHUP, and a deployment calls the API, all within a millisecond. If each of these reloads on its own, \
            the one that read the older file may be the last to finish, and the proxy serves it from then on while everybody was told that the newer one is in force.",
        provenance: &["sonic-utilities#3475"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 4,
                kept: 1,
                pause_us: 300,
            },
            Step::RepeatFor {
                ms: 5_000,
                at_most: 50,
                steps: vec![Step::Together { changes: 5 }, Step::Pause],
            },
            Step::WatchPastApplyBound { ms: 200 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::LastWins, Level::Must),
            CheckSpec::of(Check::NeverBackwards, Level::Must),
            CheckSpec::of(Check::NoFailedRequest, Level::Must),
            CheckSpec::of(Check::NoErrorStatus, Level::Must),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "reloads-side-by-side",
            check: Check::NeverBackwards,
        }],
    }
}
