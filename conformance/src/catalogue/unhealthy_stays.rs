//! `unhealthy_upstream_stays_unhealthy`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, LeadsTo, Level, Listener,
    Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "unhealthy_upstream_stays_unhealthy",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "an upstream that its checks have found unhealthy gets no request over a change that leaves it as it is",
        rationale: "A proxy that begins anew with each configuration takes every upstream for healthy until its checks have found out otherwise again, and sends the share of the \
            one that is down to it after every reload. One of three upstreams fails its checks; once it gets no more requests, many changes of something else are \
            delivered, and not one request may come to it.",
        provenance: &["haproxy/haproxy#918", "caddyserver/caddy#6410"],
        needs: &[Capability::Health],
        steps: vec![
            Step::LayOut(Layout::default().with_routes(&[LeadsTo::Checked])),
            Step::Start,
            Step::At {
                listener: Listener::First,
                route: 1,
                steps: vec![Step::LoadOn {
                    fresh: 2,
                    kept: 2,
                    pause_us: 2_000,
                }],
            },
            Step::Await(Condition::Checked),
            Step::Fitness { is_fit: false },
            Step::Await(Condition::Shunned),
            Step::RepeatFor {
                ms: 6_000,
                at_most: 20,
                steps: vec![Step::Pause, Step::Change],
            },
            Step::Watch { ms: 500 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::UnhealthyGetsNothing, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 90,
        faults: vec![FaultSpec {
            name: "forgets-health",
            check: Check::UnhealthyGetsNothing,
        }],
    }
}
