//! `proxy_detects_config_changes_immediately_on_file_modification`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "proxy_detects_config_changes_immediately_on_file_modification",
        area: Area::HotReload,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a change is effective within the apply bound however it is delivered, and soon enough \
            not to be noticed",
        rationale: "How long a change takes is measured, over many changes and each delivery pattern that \
            the target supports, from the return of the last system call of the delivery (or the \
            start of an explicit trigger) to the end of the first answer of the new generation. \
            Changes come at irregular distances, so that a fixed poll interval shows as the \
            distribution that it is. Each pattern has a process of its own.",
        provenance: &["documented: fixed poll intervals of one second in two systems"],
        needs: &[],
        steps: vec![Step::ForEachDelivery(vec![
            Step::Start,
            Step::Repeat {
                times: 20,
                steps: vec![Step::Pause, Step::Change],
            },
        ])],
        checks: vec![
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "a change is served within the apply bound, by each delivery pattern that the target supports",
            },
            CheckSpec::of(Check::WithinTwoSeconds, Level::Should),
            CheckSpec::of(Check::P95Within250Ms, Level::Should),
            CheckSpec::of(Check::ApplyLatency, Level::Observe),
        ],
        budget_s: 300,
        faults: vec![FaultSpec {
            name: "polls-slowly",
            check: Check::TakesEffect,
        }],
    }
}
