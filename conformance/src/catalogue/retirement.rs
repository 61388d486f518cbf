//! `retirement_is_announced`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "retirement_is_announced",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Should,
        requirement: "a connection that is retired by a change says so in the answer to what was in flight on it, by \
            `Connection: close`, before it ends",
        rationale: "A connection with a request in flight can be retired without a loss: its answer says that there will be \
            no other, and no client sends one. Ended without that word, it takes the next request with it. A request is \
            held over the change; 200 ms after its answer the connection is used again, unless it was said to end. \
            Resting connections are another matter: nothing can be said on them.",
        provenance: &["caprover/caprover#2491"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Hold {
                what: Held::Pair,
                count: 4,
            },
            Step::Change,
            Step::Watch { ms: 100 },
            Step::Release,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Should),
            CheckSpec::of(Check::RetirementIsAnnounced, Level::Should),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "retires-unannounced",
            check: Check::RetirementIsAnnounced,
        }],
    }
}
