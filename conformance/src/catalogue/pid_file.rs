//! `pid_file_is_true`

use crate::vocabulary::{Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "pid_file_is_true",
        area: Area::Lifecycle,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "as long as the target serves, its PID file names the process to signal, after a reload and after one that was refused, too; after a stop it is gone",
        rationale: "Scripts, log rotation and service managers signal the number in the PID file. A reload that removes the file, as a stop would, or writes into it a \
            number that is nobody's by now makes their next signal fail; and a number that stays behind a stop may be another process's tomorrow, \
            which then gets the signal. The file is read after the start, after each of two good files, and after a bad one. In the end the process that it names \
            is asked to stop, if it is one of the target, and the one that was started has to end by that.",
        provenance: &[
            "Icinga/icinga2#6082",
            "hashicorp/best-practices PR#205",
            "documented: nginx, pid",
        ],
        needs: &[Capability::PidFile],
        steps: vec![
            Step::StartWithPidFile,
            Step::ReadPidFile,
            Step::Change,
            Step::ReadPidFile,
            Step::Change,
            Step::ReadPidFile,
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![Step::Flawed, Step::ReadPidFile],
            },
            Step::StopByPidFile,
        ],
        checks: vec![
            CheckSpec::of(Check::PidFileNamesIt, Level::Should),
            CheckSpec::of(Check::PidFileGoes, Level::Should),
            CheckSpec::of(Check::TakesEffect, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "pid-file-names-the-dead",
                check: Check::PidFileNamesIt,
            },
            FaultSpec {
                name: "pid-file-goes-when-refused",
                check: Check::PidFileNamesIt,
            },
            FaultSpec {
                name: "pid-file-stays",
                check: Check::PidFileGoes,
            },
        ],
    }
}
