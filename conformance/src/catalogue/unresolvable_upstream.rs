//! `unresolvable_upstream_does_not_block_other_changes`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, LeadsTo, Level, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "unresolvable_upstream_does_not_block_other_changes",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "a change that also brings a route to a name that nobody has is applied",
        rationale: "Whether a name resolves is a matter of the moment, and no fault of the file: names come and go with what bears them, and a resolver \
            can be away for a while. Who refuses the file for it refuses every other change in it, and who asks for the name before the \
            change is applied lets it wait for the resolver.",
        provenance: &["nginx-proxy-manager#5853"],
        needs: &[Capability::Routes, Capability::Upstreams],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 5_000,
            },
            Step::LayOut(Layout::default().with_routes(&[LeadsTo::Unresolvable])),
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
            name: "resolves-at-reload",
            check: Check::TakesEffect,
        }],
    }
}
