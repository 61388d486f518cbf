//! `persistent_fault_is_logged_once`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "persistent_fault_is_logged_once",
        area: Area::Logging,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a bad file that stays where it is is told of once, and not again and again",
        rationale: "A proxy that looks at its file each second, and complains each time, fills a disk in a night and \
            hides every other line. What is said within the apply bound is said of the change; after that, \
            nothing has happened that would be worth a line.",
        provenance: &["documented"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 10_000,
            },
            Step::Change,
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![
                    Step::FreshStart,
                    Step::Flawed,
                    Step::WatchPastApplyBound { ms: 1_100 },
                ],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::RejectionIsToldOnce, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the good file before it is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "repeats-rejection",
                check: Check::RejectionIsToldOnce,
            },
            FaultSpec {
                name: "never-reloads",
                check: Check::TakesEffect,
            },
        ],
    }
}
