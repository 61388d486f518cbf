//! `check_command_has_no_side_effects`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Level, Profile, Question, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "check_command_has_no_side_effects",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "the check command leaves the running process, its traffic, its files and its listening sockets as they are",
        rationale: "A check is run by editors, by pipelines and by people who only want to know, on the machine that serves. It \
            says yes or no and does nothing else: it takes no PID file over, binds nothing that stays, installs nothing, and \
            tells the running process nothing. Log files are left aside.",
        provenance: &["documented"],
        needs: &[Capability::CheckCommand],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 2,
                kept: 1,
                pause_us: 1_000,
            },
            Step::Change,
            Step::Watch { ms: 200 },
            Step::Inspect,
            Step::Ask(Question::CheckCommand),
            Step::ForEachFlaw(vec![Step::Ask(Question::CheckCommand)]),
            Step::Watch { ms: 400 },
            Step::Inspect,
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::OnlyLookedAt, Level::Must),
            CheckSpec::of(Check::LeavesNoTrace, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the running process takes the next change as ever",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "check-installs",
                check: Check::OnlyLookedAt,
            },
            FaultSpec {
                name: "check-takes-pid-file",
                check: Check::LeavesNoTrace,
            },
        ],
    }
}
