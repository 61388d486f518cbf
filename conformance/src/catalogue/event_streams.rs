//! `server_sent_events_survive`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "server_sent_events_survive",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "an event stream that is open over several changes goes on: every event comes, once, and in order",
        rationale: "Dashboards and chats hold one answer open for hours, and read from it all the time. A reload that ends \
            it makes every one of them connect anew; one that loses a piece of it, or sends one again, is worse, for \
            nobody notices. The origin sends a numbered event every 5 ms over four changes, and a last one when all is over.",
        provenance: &["kubernetes#54505"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Hold {
                what: Held::Events,
                count: 4,
            },
            Step::Repeat {
                times: 4,
                steps: vec![Step::Change, Step::Watch { ms: 50 }],
            },
            Step::Release,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec {
                id: Check::InFlightCompletes,
                level: Level::Must,
                requirement: "each stream has all events from the first to the last, each once and in order",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "loses-a-piece",
                check: Check::InFlightCompletes,
            },
            FaultSpec {
                name: "repeats-a-piece",
                check: Check::InFlightCompletes,
            },
            FaultSpec {
                name: "truncates-stream",
                check: Check::InFlightCompletes,
            },
        ],
    }
}
