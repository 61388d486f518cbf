//! `restart_required_settings_are_reported`

use crate::vocabulary::{Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "restart_required_settings_are_reported",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a setting that a reload cannot change is named where a reload would have changed it, or the file is refused",
        rationale: "Who changes a setting and reads that the reload went well believes that it is in force. If it takes a restart, and nobody says so, the \
            old value stays until the next one, months later, and the change then breaks something that nobody connects with it. A target's \
            folder names a setting of that kind, and how the log says that it did not change; after a change without it, a file with \
            another value of it is delivered. A target of which all can be changed live has no such setting, and is not asked.",
        provenance: &["exporter-toolkit#442"],
        needs: &[Capability::RestartOnly],
        steps: vec![
            Step::Start,
            Step::Change,
            Step::LayOut(Layout::of_other_setting()),
            Step::Attempt,
            Step::WatchPastApplyBound { ms: 200 },
            Step::LayOut(Layout::default()),
            Step::Change,
        ],
        checks: vec![
            CheckSpec::of(Check::RestartIsReported, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "files without such a change, before and after, are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "ignores-restart-only",
                check: Check::RestartIsReported,
            },
            FaultSpec {
                name: "reloads-only-once",
                check: Check::TakesEffect,
            },
        ],
    }
}
