//! `idle_connections_are_not_closed_by_reload`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let change_with_more_held = vec![
        Step::Hold {
            what: Held::Idle,
            count: 4,
        },
        Step::Change,
        Step::Watch { ms: 100 },
    ];
    Case {
        id: "idle_connections_are_not_closed_by_reload",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Should,
        requirement: "connections that rest between two requests stay open over one change and over several",
        rationale: "The end of a resting connection cannot be announced in HTTP/1.1, so whoever ends it races against the next \
            request on it (RFC 9112, section 9.5), and every client connects anew at the same moment. Some of the \
            connections here see three changes, some two, some one; a close without a request under way is polite, so \
            this is a wish. What may not be is that one of them takes a request and does not answer it.",
        provenance: &["nginx PR#437", "nginx/kubernetes-ingress#10324"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Repeat {
                times: 3,
                steps: change_with_more_held,
            },
            Step::Release,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Should),
            CheckSpec::of(Check::IdleConnectionStays, Level::Should),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "closes-idle",
            check: Check::IdleConnectionStays,
        }],
    }
}
