//! `state_change_survives_watch_overflow`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "state_change_survives_watch_overflow",
        area: Area::HotReload,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a change whose event was lost, as more happened in the folder than the queue of events takes, is applied all the same",
        rationale: "The kernel keeps so many events for a process (fs.inotify.max_queued_events, 16384 by default); what happens once the queue is full is told of by one word, \
            IN_Q_OVERFLOW, and by nothing else: see inotify(7). Who passes over that word, as one that names no file, serves the old configuration until the \
            next change. It takes a folder in which much happens, and a process that does not get to run for a moment: one that is frozen for a \
            checkpoint or a backup, short of CPU, or busy with a large file. Here all processes of the target are held by SIGSTOP, files beside its own are renamed more often than the \
            queue takes, and the change comes last. The apply bound counts from SIGCONT, and the change after that takes effect as any other. A target that looks at the file \
            again and again has no queue, and has to apply the change, too.",
        provenance: &["facebook/buck2#1131", "inotify(7): IN_Q_OVERFLOW"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Change,
            Step::Repeat {
                times: 2,
                steps: vec![Step::ChangeInOverflow, Step::Change],
            },
        ],
        checks: vec![
            CheckSpec::of(Check::OverflowIsSurvived, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "each change, before and after an overflow, is served on a fresh connection within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "ignores-overflow",
                check: Check::OverflowIsSurvived,
            },
            FaultSpec {
                name: "deaf-after-overflow",
                check: Check::TakesEffect,
            },
        ],
    }
}
