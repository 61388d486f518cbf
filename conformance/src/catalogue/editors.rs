//! `hard_link_and_editor_patterns_are_applied`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "hard_link_and_editor_patterns_are_applied",
        area: Area::FileReplacement,
        profile: Profile::Core,
        level: Level::Should,
        requirement: "a file is applied that is saved by Vim with a backup, by Emacs with a lock, by `install`, or put there as \
            a hard link, twice in a row each",
        rationale: "Each tool has its own way to put a file in the place of another, and each leaves other events: a rename \
            away and a file made anew, a dangling link for a moment, a file that nobody else may read before it is \
            whole, an inode that is elsewhere, too. What `sed -i` and `cp` do is renaming over and writing in place, \
            of which other cases are.",
        provenance: &["envoy#38198"],
        needs: &[],
        steps: vec![Step::ForEachOf {
            deliveries: vec![
                Delivery::VimSave,
                Delivery::EmacsSave,
                Delivery::Install,
                Delivery::HardLink,
            ],
            steps: vec![
                Step::Start,
                Step::Repeat {
                    times: 2,
                    steps: vec![Step::Change],
                },
            ],
        }],
        checks: vec![CheckSpec {
            id: Check::TakesEffect,
            level: Level::Should,
            requirement: "each of two files that are saved in such a way is served within the apply bound",
        }],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "watches-inode",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "watches-moves-only",
                check: Check::TakesEffect,
            },
        ],
    }
}
