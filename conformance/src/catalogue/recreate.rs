//! `delete_then_recreate_is_applied`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "delete_then_recreate_is_applied",
        area: Area::FileReplacement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a file that is removed, is gone for a second and is made anew is applied, and so it is once more",
        rationale: "Package managers and deployment scripts remove before they write. A watch that is bound to the file ends with \
            it, and has to be armed again for a file that is not there yet; one that is armed again once only shows \
            at the second time. The gap is longer than the poll interval of those who look once a second, so that \
            each target sees it.",
        provenance: &["flagd#42"],
        needs: &[],
        steps: vec![Step::ForEachOf {
            deliveries: vec![Delivery::Recreate],
            steps: vec![
                Step::Start,
                Step::Repeat {
                    times: 2,
                    steps: vec![Step::Delete, Step::Watch { ms: 1_100 }, Step::Change],
                },
            ],
        }],
        checks: vec![CheckSpec {
            id: Check::TakesEffect,
            level: Level::Must,
            requirement: "each of two files that are made anew is served within the apply bound",
        }],
        budget_s: 30,
        faults: vec![
            FaultSpec {
                name: "no-rearm",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "rearms-once",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "exits-on-deletion",
                check: Check::StaysAlive,
            },
        ],
    }
}
