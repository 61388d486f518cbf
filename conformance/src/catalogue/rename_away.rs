//! `rename_away_and_back_is_survived`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Meddling, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "rename_away_and_back_is_survived",
        area: Area::FileReplacement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a file that is renamed away and back interrupts nothing, however short the time between, and the next \
            change is applied",
        rationale: "Whoever looks for the cause of an outage moves a file aside, and back; backups and editors do so in an \
            instant. A watch that was on the file goes with it, and one that is set up anew at the wrong moment is on \
            nothing.",
        provenance: &["documented"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            Step::Change,
            Step::Meddle(Meddling::MovedAway),
            Step::Watch { ms: 1_200 },
            Step::Meddle(Meddling::MovedBack),
            Step::Watch { ms: 300 },
            Step::Change,
            Step::Meddle(Meddling::MovedAway),
            Step::Meddle(Meddling::MovedBack),
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec {
                id: Check::ServesOnWithoutFile,
                level: Level::Must,
                requirement: "while the file is away, and once it is back, fresh and kept connections are served as before",
            },
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the change after it came back is served within the apply bound",
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
        ],
    }
}
