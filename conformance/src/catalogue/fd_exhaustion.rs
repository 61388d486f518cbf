//! `fd_exhaustion_during_reload_fails_cleanly`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "fd_exhaustion_during_reload_fails_cleanly",
        area: Area::ErrorHandling,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "a change that comes when the target can open nothing more is applied or refused, and the next one is applied",
        rationale: "A proxy at its limit of descriptors is at its busiest, and a reload needs some: for the file, for its includes, for certificates. \
            One that takes what it cannot read for empty serves nothing from there on, one that gives up looking never hears of a change again, and one \
            that has closed the old before it opened the new has neither. The soft limit of the process \
            is lowered to what it has open, a change is delivered, and half a second later the limit is given back. (What it starts would have that limit from \
            its beginning, as in no real shortage, so that targets of several processes are left alone.) \
            What is asked meanwhile is not judged; what is asked from then on is answered by the old configuration or by the \
            new one, whole, and the next change takes effect.",
        provenance: &["hestiacp/hestiacp#2462"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Change,
            Step::Repeat {
                times: 2,
                steps: vec![
                    Step::ChangeWithoutDescriptors { ms: 500 },
                    Step::LoadOn {
                        fresh: 2,
                        kept: 0,
                        pause_us: 5_000,
                    },
                    Step::Watch { ms: 400 },
                    Step::Change,
                    Step::LoadOff,
                ],
            },
        ],
        checks: vec![CheckSpec::of(Check::ShortageIsSurvived, Level::Should)],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "empties-without-descriptors",
                check: Check::ShortageIsSurvived,
            },
            FaultSpec {
                name: "blind-without-descriptors",
                check: Check::ShortageIsSurvived,
            },
        ],
    }
}
