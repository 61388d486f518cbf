//! `rename_over_is_applied`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "rename_over_is_applied",
        area: Area::FileReplacement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a file that is renamed over the old one is applied, and so are the second and the third",
        rationale: "To write beside and to rename over is how a careful program replaces a file: whoever reads it finds it whole. \
            After it, though, another file stands at the path, and a watch that is bound to the old one sees nothing \
            more. The first such change may still be told by the end of the old file; three tell whether the watch \
            was moved on to the new one each time.",
        provenance: &["fsnotify#17", "fsnotify#282"],
        needs: &[],
        steps: vec![Step::ForEachOf {
            deliveries: vec![Delivery::RenameOver],
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
            requirement: "each of three files that are renamed over the one before is served within the apply bound",
        }],
        budget_s: 30,
        faults: vec![
            FaultSpec {
                name: "watches-inode",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "reloads-only-once",
                check: Check::TakesEffect,
            },
        ],
    }
}
