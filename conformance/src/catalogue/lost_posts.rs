//! `no_request_lost_to_keepalive_close`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "no_request_lost_to_keepalive_close",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Should,
        requirement: "a POST that is sent on a kept connection while a change is made is answered",
        rationale: "A client may make a GET again that met the end of its connection. A POST it may not: nobody knows \
            whether it was carried out (RFC 9110, section 9.2.2). So each connection that a reload closes while a request \
            is on its way is an error that a user sees. Many connections send POSTs over changes at irregular \
            distances; what was not sent, because the end had been noticed, is not counted.",
        provenance: &["nginx PR#437", "nginx/kubernetes-ingress#10324"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::PostsOn {
                tasks: 16,
                pause_us: 4_000,
            },
            Step::RepeatFor {
                ms: 4_000,
                at_most: 30,
                steps: vec![Step::Pause, Step::Change],
            },
            Step::Watch { ms: 100 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Should),
            CheckSpec::of(Check::NoLostPost, Level::Should),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "loses-kept-request",
            check: Check::NoLostPost,
        }],
    }
}
