//! `included_file_change_is_applied`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Delivery, FaultSpec, Layout, Level, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "included_file_change_is_applied",
        area: Area::Composition,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a file that the main file includes is configuration like the main file itself: a change of it alone is applied, \
            three times in a row",
        rationale: "A configuration of any size is of several files, and the main one hardly ever changes. Who watches that one alone, or \
            compares it alone with what serves before reading on, takes no notice of what is changed every day. All markers are in one \
            included file, and the main file is written once, before the start. With that, it is also the case of what a \
            configuration depends on (`dependency_change_triggers_reload`): a file that is referred to changes, and the one \
            that refers to it does not.",
        provenance: &["coredns reload, \"Bugs\"", "traefik#3083"],
        needs: &[Capability::Include],
        steps: vec![
            Step::LayOut(Layout::in_parts()),
            Step::ForEachOf {
                deliveries: vec![Delivery::RenameOver, Delivery::InPlace],
                steps: vec![
                    Step::Start,
                    Step::Repeat {
                        times: 3,
                        steps: vec![Step::Change, Step::Watch { ms: 50 }],
                    },
                ],
            },
        ],
        checks: vec![CheckSpec {
            id: Check::TakesEffect,
            level: Level::Must,
            requirement: "a change of an included file alone is served within the apply bound",
        }],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "watches-main-file-only",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "reloads-only-once",
                check: Check::TakesEffect,
            },
        ],
    }
}
