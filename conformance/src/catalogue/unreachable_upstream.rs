//! `unreachable_upstream_warns_but_applies`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, LeadsTo, Level, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "unreachable_upstream_warns_but_applies",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "a change that also brings a route to an address at which nobody listens is applied",
        rationale: "Whether somebody listens is a matter of the moment, and no fault of the file: servers are started after the proxy that leads to them is told. Who refuses \
            the file for it refuses every other change in it.",
        provenance: &["documented"],
        needs: &[Capability::Routes, Capability::Upstreams],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 5_000,
            },
            Step::LayOut(Layout::default().with_routes(&[LeadsTo::Unreachable])),
            Step::Change,
            Step::LayOut(Layout::default()),
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![CheckSpec {
            id: Check::TakesEffect,
            level: Level::Should,
            requirement: "the change is served within the apply bound, as far as it has to do with other upstreams",
        }],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "connects-at-reload",
            check: Check::TakesEffect,
        }],
    }
}
