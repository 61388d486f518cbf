//! `sighup_during_startup_is_survived`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step, TriggerTrait};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "sighup_during_startup_is_survived",
        area: Area::Lifecycle,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "from its first sign of life on, a process survives the signal by which it is told to reload, and comes to serve",
        rationale: "Configuration management starts a service and reloads it a moment later. If the handler is installed late, the default action \
            of the signal ends the process, and nobody listens. Right after its start no program can have a handler yet, so that the signal is sent once there is \
            something to be seen: a line of its log, or that the process catches the signal; at that moment, and some milliseconds after it.",
        provenance: &["vault#27100", "consul#677"],
        needs: &[],
        steps: vec![Step::ForEachTrigger {
            that: TriggerTrait::IsSignal,
            steps: [0, 0, 1, 2, 5, 0]
                .into_iter()
                .flat_map(|after_ms| [Step::StartTold { after_ms }, Step::Change])
                .collect(),
        }],
        checks: vec![
            CheckSpec::of(Check::SurvivesEarlySignal, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "dies-of-early-hangup",
            check: Check::SurvivesEarlySignal,
        }],
    }
}
