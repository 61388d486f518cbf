//! `same_size_same_mtime_change_is_seen`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "same_size_same_mtime_change_is_seen",
        area: Area::HotReload,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a change that keeps the size of the file and the time of its last change is applied",
        rationale: "Tools that copy with times (`rsync -t`, `cp -p`, `tar`), builds that set all times to one value, and clocks of a \
            second make files that differ in nothing but what they say. Who compares size and time takes them for \
            the same, and serves the old one for ever. Generations are filled up with empty lines to one size and \
            get the time of the first before they are renamed over it.",
        provenance: &["notify#981", "linkerd2#1090"],
        needs: &[],
        steps: vec![Step::ForEachOf {
            deliveries: vec![Delivery::SameSizeAndTime],
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
            requirement: "each of three files of one size and time is served within the apply bound",
        }],
        budget_s: 30,
        faults: vec![FaultSpec {
            name: "compares-size-and-time",
            check: Check::TakesEffect,
        }],
    }
}
