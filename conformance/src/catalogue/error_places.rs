//! `errors_name_file_line_and_column`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let refused = |flaw| Step::WithFlaw {
        flaw,
        steps: vec![Step::FreshStart, Step::Flawed, Step::Watch { ms: 300 }],
    };
    Case {
        id: "errors_name_file_line_and_column",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "what is said of a file that is refused names the file, the line at fault, and the column in it",
        rationale: "Whoever is told at night that a file of two thousand lines is no good needs the place, and an editor or a CI job \
            that shows it needs it in numbers. Of text that is none the line may be one further down, where it was noticed: of a \
            value of a wrong type it is its own.",
        provenance: &["prometheus#1292"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Change,
            refused(Flaw::Syntax),
            refused(Flaw::WrongType),
        ],
        checks: vec![
            CheckSpec::of(Check::RejectionNamesPlace, Level::Should),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Should,
                requirement: "the good file before the bad ones is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "rejects-without-cause",
            check: Check::RejectionNamesPlace,
        }],
    }
}
