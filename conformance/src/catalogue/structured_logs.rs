//! `reload_logs_are_structured`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Condition, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "reload_logs_are_structured",
        area: Area::Logging,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "the record of a successful change bears its time, the file, the number or the digest of the new \
            configuration, and how long it took, each as a field",
        rationale: "A record in prose is read by people, one at a time. Who has two hundred proxies asks a machine which of them \
            serve what, and since when; it reads fields: JSON, or `key=value` after the message, with the time before it.",
        provenance: &["documented"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Repeat {
                times: 2,
                steps: vec![
                    Step::Change,
                    Step::Await(Condition::SuccessRecord),
                    Step::Watch { ms: 50 },
                ],
            },
        ],
        checks: vec![CheckSpec::of(Check::RecordHasFields, Level::Should)],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "logs-in-prose",
            check: Check::RecordHasFields,
        }],
    }
}
