//! `change_during_startup_is_not_lost`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "change_during_startup_is_not_lost",
        area: Area::HotReload,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a change that is delivered while the process starts, before it reads the file or after, is applied",
        rationale: "A watch that begins after the first read, and takes for granted that nothing happened in between, misses the change that falls into that gap, and \
            serves the old configuration until the next one. A container that starts while its ConfigMap is updated falls right into it. Each \
            start is given one change, the next start a little later, from the moment at which the process was begun to well after it serves.",
        provenance: &["seastar#756"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Start,
            Step::RepeatFor {
                ms: 20_000,
                at_most: 30,
                steps: vec![Step::StartWithChange],
            },
            // By which a run that came to its end is told from one that broke off.
            Step::Start,
        ],
        checks: vec![CheckSpec::of(Check::StartupChangeIsApplied, Level::Must)],
        budget_s: 120,
        faults: vec![FaultSpec {
            name: "watches-late",
            check: Check::StartupChangeIsApplied,
        }],
    }
}
