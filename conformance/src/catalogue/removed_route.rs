//! `removed_route_drains_or_cuts_as_declared`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Held, Layout, LeadsTo, Level, Listener, Profile,
    Step,
};

/// The case.
pub(super) fn case() -> Case {
    let at_route = |steps| Step::At {
        listener: Listener::First,
        route: 1,
        steps,
    };
    Case {
        id: "removed_route_drains_or_cuts_as_declared",
        area: Area::ConnectionManagement,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "what is in flight on a route that a change takes away finishes, and no request that begins later goes where it led",
        rationale: "A route is taken away when what is behind it is to be switched off. Who goes on to send requests there meets a server that \
            is gone, and who drops what was sent already breaks a promise that was made. A proxy that cuts such requests, and says so \
            in its documentation, lists that as a deviation.",
        provenance: &["traefik#9077"],
        needs: &[Capability::Routes],
        steps: vec![
            Step::LayOut(Layout::default().with_routes(&[LeadsTo::Apart])),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 5_000,
            },
            at_route(vec![Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 5_000,
            }]),
            Step::Change,
            at_route(vec![Step::Hold {
                what: Held::Request,
                count: 2,
            }]),
            Step::LayOut(Layout::default()),
            Step::Change,
            Step::Watch { ms: 50 },
            Step::Release,
            Step::WatchPastApplyBound { ms: 100 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::RemovedRouteIsGone, Level::Must),
            CheckSpec::of(Check::RemovedRouteFinishes, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "keeps-removed-routes",
                check: Check::RemovedRouteIsGone,
            },
            FaultSpec {
                name: "cuts-in-flight",
                check: Check::RemovedRouteFinishes,
            },
        ],
    }
}
