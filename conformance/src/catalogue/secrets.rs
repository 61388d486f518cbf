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
            the trigger's answer, not in that of the check command, not in its metrics, be the file applied or refused, even because of the \
            very line that holds it; a status masks it",
        rationale: "Logs are shipped, kept and read by people who may not read the configuration. A record of a change that \
            prints what is new, or a complaint that quotes the line at fault, publishes a credential in the moment in which \
            somebody replaces it because it leaked. Metrics are copied to wherever the dashboards are. A status that shows the whole \
            configuration is meant for those who may read that, but is on a port that needs no credential more often than not: there \
            a credential in clear is a weakness, not a failure. The target logs as it does by default; what it says at levels for \
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
            CheckSpec::of(Check::StatusMasksSecrets, Level::Should),
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
            FaultSpec {
                name: "metrics-show-secret",
                check: Check::NoSecretShown,
            },
            FaultSpec {
                name: "status-shows-secret",
                check: Check::StatusMasksSecrets,
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
            Step::Ask(Question::Status),
            Step::Ask(Question::Metrics),
            Step::FreshStart,
            Step::Ask(Question::CheckCommand),
            Step::Flawed,
            Step::Watch { ms: 30 },
            Step::Ask(Question::Status),
            Step::Ask(Question::Metrics),
        ],
    }
}
