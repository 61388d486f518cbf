//! `counters_are_monotonic_across_reload`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Question, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "counters_are_monotonic_across_reload",
        area: Area::Logging,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "no counter of the metrics is lower after a reload than before it, be it of reloads or of traffic",
        rationale: "Who adds up a counter takes a lower value for a restart, and loses what was counted since the last scrape: with each reload a \
            hole in the traffic, and with frequent ones a rate that is simply wrong. A process that hands over to another one can hand over \
            its counters.",
        provenance: &["haproxy#954"],
        needs: &[Capability::Counters],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 1_000,
            },
            Step::Watch { ms: 50 },
            Step::Ask(Question::Metrics),
            Step::Repeat {
                times: 5,
                steps: vec![
                    Step::Change,
                    Step::Watch { ms: 20 },
                    Step::AskUntilTold(Question::Metrics),
                ],
            },
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![
                    Step::Flawed,
                    Step::Watch { ms: 20 },
                    Step::AskUntilTold(Question::Metrics),
                ],
            },
        ],
        checks: vec![
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Should,
                requirement: "a valid change is served, so that there is a reload at all",
            },
            CheckSpec::of(Check::DeclaredIsThere, Level::Should),
            CheckSpec::of(Check::CountersAreMonotonic, Level::Should),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "forgets-counters",
            check: Check::CountersAreMonotonic,
        }],
    }
}
