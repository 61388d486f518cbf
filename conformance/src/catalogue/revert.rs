//! `revert_to_active_content_after_failure_clears_the_error`

use crate::vocabulary::{
    Area, Case, Check, CheckSpec, Condition, FaultSpec, Flaw, Level, Meddling, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "revert_to_active_content_after_failure_clears_the_error",
        area: Area::HotReload,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "the content that serves, in the place of a bad file, ends the error and is no change: nothing more is \
            said of the bad file, no success is recorded, and another bad file is told of",
        rationale: "The quickest mend of a bad change is to take it back. Who compares the file with what serves sees no \
            change then, and the error of before stays for ever: in the log, in the status, in the alert. Who \
            compares it with the bad file records a success of a reload that changes nothing.",
        provenance: &["prometheus-operator#4708"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 4_000,
            },
            Step::Change,
            Step::Await(Condition::SuccessRecord),
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![
                    Step::FreshStart,
                    Step::Flawed,
                    Step::Watch { ms: 200 },
                    Step::Meddle(Meddling::Rewritten),
                    Step::Watch { ms: 1_200 },
                    Step::Flawed,
                    Step::Watch { ms: 200 },
                ],
            },
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::ErrorIsCleared, Level::Must),
            CheckSpec {
                id: Check::NoRecordOfSame,
                level: Level::Must,
                requirement: "of the content that serves, in the place of a bad file, no success is recorded",
            },
            CheckSpec {
                id: Check::RejectionIsObserved,
                level: Level::Must,
                requirement: "each of two bad files, with the good content between them, is told of",
            },
            CheckSpec::of(Check::RejectedChangesNothing, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the changes before and after are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "never-clears-error",
                check: Check::ErrorIsCleared,
            },
            FaultSpec {
                name: "reloads-the-same",
                check: Check::NoRecordOfSame,
            },
            FaultSpec {
                name: "tells-once",
                check: Check::RejectionIsObserved,
            },
        ],
    }
}
