//! `ten_bad_then_good_recovers`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "ten_bad_then_good_recovers",
        area: Area::ConfigValidation,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "ten bad files in a row, each of them different, change nothing, and the good file after them is \
            applied",
        rationale: "A bad file is seldom alone: whoever looks for a typing error saves again and again until it is \
            right. What each attempt leaves half-made (a thread, a socket, a lock, a flag that a reload is \
            under way) adds up, and a retry that waits for longer each time may not be back when the good \
            file comes.",
        provenance: &["fluent-bit#10547"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![
                    Step::FreshStart,
                    Step::Repeat {
                        times: 10,
                        steps: vec![Step::Flawed, Step::Watch { ms: 30 }],
                    },
                    Step::Change,
                ],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec {
                id: Check::RejectedChangesNothing,
                level: Level::Must,
                requirement: "none of ten bad files in a row changes a marker, on fresh and on kept connections",
            },
            CheckSpec {
                id: Check::Recovers,
                level: Level::Must,
                requirement: "the good file after ten bad ones is applied",
            },
        ],
        budget_s: 90,
        faults: vec![
            FaultSpec {
                name: "applies-invalid",
                check: Check::RejectedChangesNothing,
            },
            FaultSpec {
                name: "gives-up-after-five-bad",
                check: Check::Recovers,
            },
        ],
    }
}
