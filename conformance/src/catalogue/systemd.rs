//! `systemd_notify_reload_protocol`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Flaw, Level, Profile, Step, TriggerTrait,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "systemd_notify_reload_protocol",
        area: Area::Lifecycle,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "the service manager is told when the target serves, and of each reload when it begins and that it is over, whatever came of it",
        rationale: "Under systemd, what is ordered after a service begins at its READY=1, and `systemctl reload` of a `Type=notify-reload` service returns at the \
            READY=1 that follows a RELOADING=1. A service that says nothing after a file that it refuses stays reloading, and \
            `systemctl reload` does not return; one whose MONOTONIC_USEC is of before the signal, or that has none, has its answer passed over, and the same happens. \
            The socket that NOTIFY_SOCKET names is the suite's own. A reload is asked for by each trigger that somebody pulls; what a command \
            of the target refuses by itself, the process need not be told of, and the time is asked of those alone that a signal reloads.",
        provenance: &[
            "systemd/systemd#37515",
            "patroni/patroni PR#3598",
            "documented: sd_notify(3)",
        ],
        needs: &[Capability::Systemd],
        steps: vec![Step::ForEachTrigger {
            that: TriggerTrait::IsPulled,
            steps: vec![
                Step::StartManaged,
                Step::Await(Condition::ManagerReady),
                Step::Change,
                Step::Await(Condition::ManagerReady),
                Step::Change,
                Step::Await(Condition::ManagerReady),
                Step::WithFlaw {
                    flaw: Flaw::Syntax,
                    steps: vec![Step::Flawed, Step::Await(Condition::ManagerReady)],
                },
            ],
        }],
        checks: vec![
            CheckSpec::of(Check::ReadyIsTold, Level::Should),
            CheckSpec::of(Check::ReloadIsTold, Level::Should),
            CheckSpec::of(Check::ReloadTellsItsTime, Level::Should),
            CheckSpec::of(Check::TakesEffect, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "tells-no-manager",
                check: Check::ReadyIsTold,
            },
            FaultSpec {
                name: "stays-reloading",
                check: Check::ReloadIsTold,
            },
            FaultSpec {
                name: "tells-an-old-time",
                check: Check::ReloadTellsItsTime,
            },
        ],
    }
}
