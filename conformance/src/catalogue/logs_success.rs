//! `reload_logs_successful_configuration_change_at_info_level`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Condition, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "reload_logs_successful_configuration_change_at_info_level",
        area: Area::Logging,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "an isolated change leaves exactly one record of its success at the informational level, \
            shown by default, written once it is true; a burst leaves no fewer records than \
            generations seen and no more than writes",
        rationale: "The log is what an operator has to know whether a change is live. A record at start-up \
            is no record of a change, one at a level that is not shown is none, two for one change \
            make the count worthless, and one that comes before its effect is a promise.",
        provenance: &["documented: a test that the start-up line already met"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 1_000,
            },
            Step::Watch { ms: 100 },
            Step::Repeat {
                times: 2,
                steps: vec![
                    Step::Change,
                    Step::Await(Condition::SuccessRecord),
                    Step::Watch { ms: 700 },
                ],
            },
            Step::Burst { changes: 10 },
            Step::Await(Condition::SuccessRecord),
            Step::Watch { ms: 300 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::OneSuccessRecord, Level::Must),
            CheckSpec::of(Check::NoRecordAtStart, Level::Should),
            CheckSpec::of(Check::RecordIsInformational, Level::Must),
            CheckSpec::of(Check::RecordMeansEffective, Level::Must),
            CheckSpec::of(Check::BurstRecordsAddUp, Level::Must),
            CheckSpec::of(Check::RecordNamesFile, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "logs-nothing",
                check: Check::OneSuccessRecord,
            },
            FaultSpec {
                name: "logs-at-debug",
                check: Check::RecordIsInformational,
            },
            FaultSpec {
                name: "logs-at-startup-only",
                check: Check::OneSuccessRecord,
            },
            FaultSpec {
                name: "logs-twice",
                check: Check::OneSuccessRecord,
            },
            FaultSpec {
                name: "logs-early",
                check: Check::RecordMeansEffective,
            },
        ],
    }
}
