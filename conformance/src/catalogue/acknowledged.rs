//! `acknowledged_means_effective`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step, TriggerTrait};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "acknowledged_means_effective",
        area: Area::HotReload,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "once a trigger that acknowledges has answered yes, no request on a connection that is made after that is served by an \
            older configuration",
        rationale: "Who waits for the answer acts on it: takes the old origin down, revokes the old credential, runs the smoke test. An \
            answer that comes before the swap, or before each worker has made it, makes all of these wrong now and then. Only targets \
            whose own documentation says that the answer means this are judged.",
        provenance: &["caddy: POST /load", "varnish: vcl.use"],
        needs: &[],
        steps: vec![Step::ForEachTrigger {
            that: TriggerTrait::Acknowledges,
            steps: vec![
                Step::Start,
                Step::LoadOn {
                    fresh: 4,
                    kept: 1,
                    pause_us: 300,
                },
                Step::RepeatFor {
                    ms: 4_000,
                    at_most: 40,
                    steps: vec![Step::Pause, Step::Change],
                },
                Step::LoadOff,
            ],
        }],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::AcknowledgedIsEffective, Level::Must),
        ],
        budget_s: 90,
        faults: vec![FaultSpec {
            name: "acknowledges-early",
            check: Check::AcknowledgedIsEffective,
        }],
    }
}
