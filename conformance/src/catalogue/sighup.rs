//! `sighup_reloads`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step, TriggerTrait};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "sighup_reloads",
        area: Area::Lifecycle,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "the signal by which a target is told applies a changed file, and ends nothing",
        rationale: "SIGHUP has meant `read your configuration again` to daemons for as long as there are daemons, and it is what systemd sends for a reload. \
            A target that is told by another signal is sent its own; one that documents no signal is not judged here. Where the target \
            also watches its file, it is started so that it does not.",
        provenance: &["daemon(7)", "systemd.service(5): Type=notify-reload"],
        needs: &[],
        steps: vec![Step::ForEachTrigger {
            that: TriggerTrait::IsSignal,
            steps: vec![
                Step::Start,
                Step::LoadOn {
                    fresh: 1,
                    kept: 1,
                    pause_us: 2_000,
                },
                Step::Repeat {
                    times: 3,
                    steps: vec![Step::Pause, Step::Change],
                },
                Step::LoadOff,
            ],
        }],
        checks: vec![CheckSpec::of(Check::TakesEffect, Level::Must)],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "ignores-hangup",
            check: Check::TakesEffect,
        }],
    }
}
