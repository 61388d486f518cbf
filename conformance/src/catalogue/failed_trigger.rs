//! `failed_trigger_reports_failure`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step, TriggerTrait};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "failed_trigger_reports_failure",
        area: Area::ErrorHandling,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "who asks for a reload by a command or over an admin API learns from the answer that it failed, and why: by a \
            non-zero exit status, or by a status that is not 2xx",
        rationale: "A deployment goes by the answer of the command that it runs. If that says yes to a file that was refused, the old \
            configuration serves on and nobody looks for the reason, until the next restart finds it. A target that is told \
            by a signal, or watches its file, gives no answer, and is not judged here.",
        provenance: &["nginx: `nginx -s reload`", "caddy: `caddy reload`, POST /load"],
        needs: &[],
        steps: vec![Step::ForEachTrigger {
            that: TriggerTrait::Answers,
            steps: vec![
                Step::Start,
                Step::LoadOn {
                    fresh: 1,
                    kept: 0,
                    pause_us: 2_000,
                },
                Step::Change,
                Step::ForEachFlaw(vec![Step::FreshStart, Step::Flawed, Step::Watch { ms: 50 }]),
            ],
        }],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::FailedTriggerSaysSo, Level::Must),
        ],
        budget_s: 120,
        faults: vec![FaultSpec {
            name: "says-yes-to-refused",
            check: Check::FailedTriggerSaysSo,
        }],
    }
}
