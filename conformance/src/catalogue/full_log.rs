//! `disk_full_or_io_error_keeps_serving`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "disk_full_or_io_error_keeps_serving",
        area: Area::ErrorHandling,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "a target whose log cannot be written serves on, applies good files and refuses bad ones",
        rationale: "A disk that fills up takes the log first, and whoever cannot log a reload may fail at it, or wait until there is room again. The \
            target's standard output and error are a device that is always full, so that every line that it writes fails with ENOSPC. What it \
            says cannot be judged then; what it serves can: two changes, and a bad file that it refuses at a fresh start. \
            Log files of its own, and what else it keeps on disk, are not looked at.",
        provenance: &["documented"],
        needs: &[],
        steps: vec![
            Step::StartUnheard,
            Step::LoadOn {
                fresh: 2,
                kept: 1,
                pause_us: 3_000,
            },
            Step::Change,
            Step::Change,
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![Step::FreshStart, Step::Flawed, Step::Watch { ms: 200 }],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Should),
            CheckSpec::of(Check::RejectedChangesNothing, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "dies-without-a-log",
                check: Check::StaysAlive,
            },
            FaultSpec {
                name: "deaf-without-a-log",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "applies-invalid",
                check: Check::RejectedChangesNothing,
            },
        ],
    }
}
