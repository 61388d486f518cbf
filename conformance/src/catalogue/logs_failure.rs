//! `reload_logs_failed_change_with_cause`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let refused = |flaw| Step::WithFlaw {
        flaw,
        steps: vec![Step::FreshStart, Step::Flawed, Step::Watch { ms: 300 }],
    };
    Case {
        id: "reload_logs_failed_change_with_cause",
        area: Area::Logging,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a change that is refused is told of, with its cause: the file, the place in it, or what is wrong \
            there",
        rationale: "A proxy that keeps its old configuration without a word looks just as one that has taken the new \
            one. A line that says no more than that something failed leaves its reader to guess which of a \
            hundred files and of a thousand lines it was. Two kinds of errors are tried: text that is none, \
            and a reference to nothing, which only shows once the text is understood. Where a command or an \
            API is asked to reload, its answer counts as the log does.",
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
            refused(Flaw::Syntax),
            refused(Flaw::DanglingReference),
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::RejectionIsObserved, Level::Must),
            CheckSpec::of(Check::RejectionNamesCause, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the good file before the bad ones is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "rejects-silently",
                check: Check::RejectionIsObserved,
            },
            FaultSpec {
                name: "never-reloads",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "rejects-without-cause",
                check: Check::RejectionNamesCause,
            },
        ],
    }
}
