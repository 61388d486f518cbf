//! `reload_cost_by_config_size`

use crate::vocabulary::{Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let changes_of = |many| {
        [
            Step::LayOut(Layout::of_many(many)),
            Step::RepeatFor {
                ms: 2_000,
                at_most: 3,
                steps: vec![Step::ChangeWithin { ms: 15_000 }],
            },
            Step::Sample,
        ]
    };
    let sizes = [10, 1_000, 10_000].into_iter().flat_map(changes_of);
    Case {
        id: "reload_cost_by_config_size",
        area: Area::Resources,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "what a change costs grows no faster than the file, or little faster",
        rationale: "A reload that is instant with ten routes and takes a minute with ten thousand is found in production, for nobody has ten \
            thousand routes in a test: each route is compared with every other one, or searched for in a list, or has a \
            chain of its own to be built. Three changes each to files of 10, 1 000 and 10 000 routes are timed, fewer where they take more than \
            two seconds, and what the processes hold thereafter is noted. The apply bound is not what is judged here. From a thousand \
            to ten thousand, the fastest change may take twenty times as long: ten for the size, and two for caches that no longer hold it. Who compares each with each takes a hundred times as long.",
        provenance: &["traefik#11979"],
        needs: &[Capability::Routes],
        steps: std::iter::once(Step::Start).chain(sizes).collect(),
        checks: vec![
            CheckSpec::of(Check::CostInProportion, Level::Should),
            CheckSpec::of(Check::CostBySize, Level::Observe),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "applies-in-quadratic-time",
            check: Check::CostInProportion,
        }],
    }
}
