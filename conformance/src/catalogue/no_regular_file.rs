//! `config_path_becomes_directory_fifo_or_device`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Meddling, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "config_path_becomes_directory_fifo_or_device",
        area: Area::ErrorHandling,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a folder or a named pipe in the place of the file holds nothing up: the target serves on as before, and a file in its \
            place is applied",
        rationale: "A mount that comes too late leaves a folder where a file is expected, and a process substitution of a shell a named \
            pipe. To open a pipe that nobody writes to waits for ever, unless one asks for it not to: who reads \
            whatever stands at the path then takes no change any more, and perhaps no signal to stop. Devices are \
            left out, as only root may make one.",
        provenance: &["documented"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            Step::Meddle(Meddling::Folder),
            Step::Watch { ms: 1_200 },
            Step::Change,
            Step::Meddle(Meddling::Pipe),
            Step::Watch { ms: 1_200 },
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec {
                id: Check::ServesOnWithoutFile,
                level: Level::Must,
                requirement: "while a folder or a pipe is there, fresh and kept connections are served as before",
            },
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "a file in the place of the folder, and one in that of the pipe, is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "waits-on-pipes",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "exits-on-deletion",
                check: Check::StaysAlive,
            },
        ],
    }
}
