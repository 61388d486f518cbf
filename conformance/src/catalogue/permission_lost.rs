//! `permission_lost_keeps_serving_and_recovers`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Condition, FaultSpec, Level, Meddling, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "permission_lost_keeps_serving_and_recovers",
        area: Area::ErrorHandling,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "while nobody may read the file the target serves on and says so at most once; a readable one in its place is applied",
        rationale: "A file that was written by another user, or with another mask, is there and cannot be read. That is no reason to end, to \
            forget what is served, or never to look again: the next deployment puts it right. The target runs as a \
            user without privileges where the suite runs as root, so that modes mean something to it.",
        provenance: &["tinyproxy/tinyproxy#417"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            Step::Change,
            Step::Meddle(Meddling::Unreadable),
            Step::Await(Condition::MissingRecord),
            Step::Watch { ms: 300 },
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec {
                id: Check::ServesOnWithoutFile,
                level: Level::Must,
                requirement: "while the file cannot be read, fresh and kept connections are served as before",
            },
            CheckSpec {
                id: Check::WarnsAtMostOnce,
                level: Level::Must,
                requirement: "a file that cannot be read is warned of at most once an episode",
            },
            CheckSpec {
                id: Check::WarnsOfMissingFile,
                level: Level::Should,
                requirement: "a file that cannot be read is warned of",
            },
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "a readable file in the place of the other is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "exits-on-deletion",
                check: Check::StaysAlive,
            },
            FaultSpec {
                name: "no-rearm",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "warns-repeatedly",
                check: Check::WarnsAtMostOnce,
            },
        ],
    }
}
