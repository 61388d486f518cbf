//! `in_place_overwrite_is_applied`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "in_place_overwrite_is_applied",
        area: Area::FileReplacement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a file that is truncated and written anew in its place is applied, and so are the second and the third",
        rationale: "Editors, shells (`cat new > file`) and file systems that are mounted into containers change a file where it \
            stands. Nothing is moved and nothing is created, so a watch for moves alone, or a look at the inode, \
            misses it.",
        provenance: &["documented"],
        needs: &[],
        steps: vec![Step::ForEachOf {
            deliveries: vec![Delivery::InPlace],
            steps: vec![
                Step::Start,
                Step::Repeat {
                    times: 3,
                    steps: vec![Step::Change],
                },
            ],
        }],
        checks: vec![CheckSpec {
            id: Check::TakesEffect,
            level: Level::Must,
            requirement: "each of three files that are written in place is served within the apply bound",
        }],
        budget_s: 30,
        faults: vec![
            FaultSpec {
                name: "watches-moves-only",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "reloads-only-once",
                check: Check::TakesEffect,
            },
        ],
    }
}
