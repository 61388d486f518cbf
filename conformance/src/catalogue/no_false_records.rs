//! `no_false_reload_records`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Condition, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "no_false_reload_records",
        area: Area::Logging,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "no success is recorded of a file that was rejected, nor without a change",
        rationale: "Whoever waits for the record of a success before the next machine is rolled over takes it at its \
            word. A proxy that records an attempt as a success, whatever came of it, or that records the \
            same change again, lets a bad file pass through a whole fleet.",
        provenance: &["documented"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 10_000,
            },
            Step::Repeat {
                times: 2,
                steps: vec![
                    Step::Change,
                    Step::Await(Condition::SuccessRecord),
                    Step::Watch { ms: 400 },
                ],
            },
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![Step::FreshStart, Step::Flawed, Step::Watch { ms: 400 }],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::NoFalseRecord, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the changes before the bad file are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "logs-false-reload",
                check: Check::NoFalseRecord,
            },
            FaultSpec {
                name: "never-reloads",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "logs-twice",
                check: Check::NoFalseRecord,
            },
        ],
    }
}
