//! `latency_during_reload_is_bounded`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let rounds = Step::Repeat {
        times: 3,
        steps: vec![
            Step::Watch { ms: 600 },
            Step::RepeatFor {
                ms: 450,
                at_most: 6,
                steps: vec![Step::Change, Step::Watch { ms: 50 }],
            },
        ],
    };
    Case {
        id: "latency_during_reload_is_bounded",
        area: Area::Resources,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "reloads do not hold requests up",
        rationale: "Somebody who reloads every few seconds, as whoever follows containers does, has the latency of reloads for their own: a lock that \
            the request path shares with the reload, a table that is built while nobody is served, workers that all start anew at once. A request \
            is made every 4 ms, whether those before were answered or not, and is measured from its turn, so that a stall counts for all \
            whom it makes wait. Of one process, times with reloads and without come in turns. What is slow from the delivery of a change until \
            250 ms after it was seen is put down to it. Reloads speak against a target if the slowest in a hundred requests over them take 25 ms \
            longer and three times as long as those without, and at least a third of the reloads, and three, have such requests: \
            a machine that is busy once shows in one of them.",
        provenance: &["Kong#4974", "haproxy#1634"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::SteadyOn { per_second: 250 },
            rounds,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::LatencyStaysBounded, Level::Should),
            CheckSpec::of(Check::LatencyCurve, Level::Observe),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "stalls-on-reload",
            check: Check::LatencyStaysBounded,
        }],
    }
}
