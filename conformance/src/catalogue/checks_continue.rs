//! `health_checks_continue`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, LeadsTo, Level, Listener,
    Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "health_checks_continue",
        area: Area::State,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "checks of upstreams go on over changes and after them, and what they find counts",
        rationale: "Checks run beside the traffic, so that nobody notices when a reload has ended them, or has left them to a configuration that is gone: until an upstream fails. \
            After several changes all upstreams have to be checked on, for longer than a change may take, and one that then fails has to be left alone.",
        provenance: &["acassen/keepalived#381"],
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
            Step::Repeat {
                times: 4,
                steps: vec![Step::Change, Step::Watch { ms: 400 }],
            },
            Step::WatchPastApplyBound { ms: 2_000 },
            Step::Fitness { is_fit: false },
            Step::Await(Condition::Shunned),
            Step::Fitness { is_fit: true },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::ChecksContinue, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 90,
        faults: vec![FaultSpec {
            name: "stops-checking",
            check: Check::ChecksContinue,
        }],
    }
}
