//! `proxy_handles_config_file_deletion_during_runtime`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Condition, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "proxy_handles_config_file_deletion_during_runtime",
        area: Area::ErrorHandling,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "while the file is gone the target serves on and says so at most once; a new file in its \
            place is applied",
        rationale: "Editors, package managers and orchestrators remove a file before they put the new one in \
            its place. A proxy that ends, falls back to nothing, floods its log, or watches an inode \
            that will never change again, turns that moment into an outage.",
        provenance: &["flagd#42", "documented"],
        needs: &[],
        steps: vec![
            Step::StartFor(Delivery::Recreate),
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            Step::Watch { ms: 100 },
            Step::Delete,
            Step::Await(Condition::MissingRecord),
            Step::WatchPastApplyBound { ms: 200 },
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::ServesOnWithoutFile, Level::Must),
            CheckSpec::of(Check::WarnsAtMostOnce, Level::Must),
            CheckSpec::of(Check::WarnsOfMissingFile, Level::Should),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "a new file in the place of the old one is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "exits-on-deletion",
                check: Check::StaysAlive,
            },
            FaultSpec {
                name: "no-rearm",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "warns-repeatedly",
                check: Check::WarnsAtMostOnce,
            },
        ],
    }
}
