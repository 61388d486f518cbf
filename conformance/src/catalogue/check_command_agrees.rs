//! `check_command_agrees_with_reload`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Level, Profile, Question, Step,
};

const LOAD: Step = Step::LoadOn {
    fresh: 1,
    kept: 0,
    pause_us: 2_000,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "check_command_agrees_with_reload",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "what the check command accepts is applied, and what it refuses is refused, for good files and for each \
            kind of bad file",
        rationale: "Whoever runs the check before a reload takes its word for what the reload will do. A check that is kinder \
            than the reload lets a bad file through, and one that is stricter keeps a good one out for ever. Each file is \
            first checked, then delivered with the same content, each bad one to a process of its own; only its content counts, not the state of the machine.",
        provenance: &["nginxinc/kubernetes-ingress PR#2836"],
        needs: &[Capability::CheckCommand],
        steps: vec![
            Step::Start,
            LOAD,
            Step::Ask(Question::CheckCommand),
            Step::Change,
            Step::ForEachFlaw(vec![
                Step::Start,
                LOAD,
                Step::FreshStart,
                Step::Ask(Question::CheckCommand),
                Step::Flawed,
                Step::Watch { ms: 50 },
            ]),
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::AgreesWithReload, Level::Must),
        ],
        budget_s: 180,
        faults: vec![
            FaultSpec {
                name: "check-accepts-bad",
                check: Check::AgreesWithReload,
            },
            FaultSpec {
                name: "check-refuses-good",
                check: Check::DeclaredIsThere,
            },
        ],
    }
}
