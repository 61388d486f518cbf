//! `secrets_never_appear`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Question, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "secrets_never_appear",
        area: Area::Logging,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "the credential that a configuration holds appears in nothing that the target says: not in its log, not in \
            the trigger's answer, not in that of the check command, be the file applied or refused, even because of the very \
            line that holds it",
        rationale: "Logs are shipped, kept and read by people who may not read the configuration. A record of a change that \
            prints what is new, or a complaint that quotes the line at fault, publishes a credential in the moment in which \
            somebody replaces it because it leaked. The target logs as it does by default; what it says at levels for \
            debugging is not asked for.",
        provenance: &["logstash#11202", "metallb#1721"],
        needs: &[],
        steps: vec![
            refused(Flaw::Syntax),
            refused(Flaw::WrongType),
            refused(Flaw::SecretLine),
            refused(Flaw::Truncated),
        ],
        checks: vec![
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the configuration that holds the credential is taken",
            },
            CheckSpec::of(Check::NoSecretShown, Level::Must),
        ],
        budget_s: 120,
        faults: vec![
            FaultSpec {
                name: "logs-secret-on-change",
                check: Check::NoSecretShown,
            },
            FaultSpec {
                name: "quotes-line-with-secret",
                check: Check::NoSecretShown,
            },
        ],
    }
}

/// A good file, and a bad one of this kind, checked and delivered, to a process of its own.
fn refused(flaw: Flaw) -> Step {
    Step::WithFlaw {
        flaw,
        steps: vec![
            Step::Start,
            Step::Change,
            Step::FreshStart,
            Step::Ask(Question::CheckCommand),
            Step::Flawed,
            Step::Watch { ms: 30 },
        ],
    }
}
