//! `crash_of_a_worker_restarts_with_current_config`

use crate::vocabulary::{Area, Capability, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "crash_of_a_worker_restarts_with_current_config",
        area: Area::ErrorHandling,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "workers that died are replaced, and those in their place serve the newest configuration that was applied",
        rationale: "A worker that dies is started anew by whoever started it, and that is a process with a memory of its own: of the configuration of \
            the start, perhaps, as nobody told it of the later ones. Then old routes come back at night, in one worker of many, and the next \
            change may pass that one by. After two changes all children of the started process are killed by SIGKILL, twice. \
            Within the time that the target takes to start, the second change has to be served again, and nothing older; the \
            change after that takes effect. What is asked between a crash and the first answer is not judged.",
        provenance: &["APISIX PR#12523"],
        needs: &[Capability::Workers],
        steps: vec![
            Step::StartWithWorkers,
            Step::Change,
            Step::Change,
            Step::Repeat {
                times: 2,
                steps: vec![
                    Step::KillWorkers,
                    Step::LoadOn {
                        fresh: 2,
                        kept: 0,
                        pause_us: 2_000,
                    },
                    Step::Watch { ms: 250 },
                    Step::LoadOff,
                    Step::Change,
                ],
            },
        ],
        checks: vec![
            CheckSpec::of(Check::CurrentAfterCrash, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "each change, before and after a crash, is served on a fresh connection within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "restarts-with-first",
                check: Check::CurrentAfterCrash,
            },
            FaultSpec {
                name: "deaf-after-restart",
                check: Check::TakesEffect,
            },
        ],
    }
}
