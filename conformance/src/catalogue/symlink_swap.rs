//! `symlink_swap_is_applied`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "symlink_swap_is_applied",
        area: Area::FileReplacement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a file that is replaced by the swap of a link above it is applied, five times in a row, and three times where the \
            old folder stays",
        rationale: "Kubernetes gives a process its ConfigMaps and Secrets in this way: the path leads through the link `..data` to a \
            folder with a date for a name, and an update swaps that link. Neither the file at the path nor the \
            folder that it seems to be in is changed. The old folder is removed thereafter, but who relies on that \
            to be told is lost wherever old versions are kept.",
        provenance: &[
            "kubernetes#112677",
            "traefik PR#5037",
            "spf13/viper#284",
            "envoy#3928",
        ],
        needs: &[],
        steps: vec![
            Step::ForEachOf {
                deliveries: vec![Delivery::SymlinkSwap],
                steps: vec![
                    Step::Start,
                    Step::Repeat {
                        times: 5,
                        steps: vec![Step::Change],
                    },
                ],
            },
            Step::ForEachOf {
                deliveries: vec![Delivery::SymlinkSwapKept],
                steps: vec![
                    Step::Start,
                    Step::Repeat {
                        times: 3,
                        steps: vec![Step::Change],
                    },
                ],
            },
        ],
        checks: vec![CheckSpec {
            id: Check::TakesEffect,
            level: Level::Must,
            requirement: "each swap is served within the apply bound, whether the old folder goes or stays",
        }],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "watches-inode",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "does-not-follow-links",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "waits-for-old-to-go",
                check: Check::TakesEffect,
            },
        ],
    }
}
