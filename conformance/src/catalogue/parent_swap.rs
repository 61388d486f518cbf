//! `parent_directory_symlink_swap_is_applied`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "parent_directory_symlink_swap_is_applied",
        area: Area::FileReplacement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a file is applied that is replaced by the swap of a link above its folder, from one release to another, \
            three times in a row",
        rationale: "Deployments put each release into a folder of its own and turn the link `current` to it. Neither the file \
            nor its folder changes: the whole way to it leads elsewhere, and the old release stays for a return. A \
            watch on the folder is a watch on the old release for ever.",
        provenance: &["vector#23787"],
        needs: &[],
        steps: vec![Step::ForEachOf {
            deliveries: vec![Delivery::ParentSwap],
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
            requirement: "each of three swaps is served within the apply bound",
        }],
        budget_s: 30,
        faults: vec![
            FaultSpec {
                name: "watches-inode",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "waits-for-old-to-go",
                check: Check::TakesEffect,
            },
        ],
    }
}
