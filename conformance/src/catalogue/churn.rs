//! `sustained_churn_does_not_starve_reload`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "sustained_churn_does_not_starve_reload",
        area: Area::HotReload,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "under changes that never pause, some new generation takes effect within the apply bound of the first",
        rationale: "Who waits for a file to be quiet before it is read waits for ever where it never is: in a cluster whose \
            endpoints come and go, a file is written several times a second all day. A wait must have an end. The \
            changes of this case are 50 ms apart.",
        provenance: &["traefik PR#6633"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 5_000,
            },
            Step::Change,
            Step::Churn { pause_ms: 50 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::NotStarved, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the change before is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "waits-for-quiet",
                check: Check::NotStarved,
            },
            FaultSpec {
                name: "reloads-only-once",
                check: Check::NotStarved,
            },
        ],
    }
}
