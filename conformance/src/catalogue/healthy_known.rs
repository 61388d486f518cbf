//! `healthy_upstream_never_becomes_unknown`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, LeadsTo, Level, Listener,
    Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "healthy_upstream_never_becomes_unknown",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "while all upstreams of a route pass their checks, every request there is answered, over every change",
        rationale: "Before its first check an upstream is neither healthy nor unhealthy. A proxy that forgets what it knew, and takes the unknown for unhealthy, has nobody to send \
            requests to for as long as a check takes, after each reload, though nothing is wrong.",
        provenance: &["envoyproxy/envoy#13070"],
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
            CheckSpec::of(Check::HealthyStaysAvailable, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 90,
        faults: vec![FaultSpec {
            name: "doubts-health",
            check: Check::HealthyStaysAvailable,
        }],
    }
}
