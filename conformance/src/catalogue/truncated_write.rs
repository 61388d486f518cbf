//! `truncated_write_is_never_applied`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let load = Step::LoadOn {
        fresh: 1,
        kept: 1,
        pause_us: 2_000,
    };
    Case {
        id: "truncated_write_is_never_applied",
        profile: Profile::Core,
        area: Area::FileReplacement,
        level: Level::Must,
        requirement: "no traffic is ever served by an empty file that is about to be written, nor by the first part of one that the \
            target refuses at a fresh start; once it is whole it is applied",
        rationale: "Whoever writes a file in place empties it first. A writer that is slow, swapped out or out of disk leaves it \
            empty or cut off for a second or for ever, and a watcher that reads it then takes the absence of all \
            routes for a wish. The writer of this case keeps the file open and pauses for 1.1 s, once after the \
            truncation, of a file that had been at rest, and once after two thirds of the text.",
        provenance: &["prometheus-operator#2501"],
        needs: &[],
        steps: vec![
            Step::ForEachOf {
                deliveries: vec![Delivery::EmptyFirst],
                // At rest: a target that holds back what comes soon after another change would come upon the whole file only.
                steps: vec![
                    Step::Start,
                    load.clone(),
                    Step::WatchPastApplyBound { ms: 0 },
                    Step::Change,
                    Step::LoadOff,
                ],
            },
            Step::ForEachOf {
                deliveries: vec![Delivery::TwoThirdsFirst],
                steps: vec![
                    Step::Start,
                    Step::WithFlaw {
                        flaw: Flaw::Truncated,
                        steps: vec![Step::FreshStart],
                    },
                    load,
                    Step::Change,
                    Step::LoadOff,
                ],
            },
        ],
        checks: vec![
            CheckSpec::of(Check::HalfWrittenChangesNothing, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "once the rest is written, the file is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "applies-invalid",
                check: Check::HalfWrittenChangesNothing,
            },
            FaultSpec {
                name: "applies-truncated",
                check: Check::HalfWrittenChangesNothing,
            },
            FaultSpec {
                name: "stuck-after-bad",
                check: Check::TakesEffect,
            },
        ],
    }
}
