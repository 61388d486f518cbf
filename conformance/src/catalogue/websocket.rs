//! `websocket_on_unchanged_route_survives`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Held, Layout, LeadsTo, Level, Listener,
    Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let change = || vec![Step::Change, Step::Watch { ms: 100 }];
    let fault = |name| FaultSpec {
        name,
        check: Check::TunnelSurvives,
    };
    Case {
        id: "websocket_on_unchanged_route_survives",
        area: Area::ConnectionManagement,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a WebSocket on a route that no change is about goes on over several changes, and over a file that is refused: no message is lost, \
            repeated or out of order, either way, and nobody but its client closes it",
        rationale: "A WebSocket lives for hours, and a page that loses it connects anew, with all others at once. A proxy that closes the tunnels of all \
            routes because one of them changed turns every change into a storm; one that drops what it has read and not yet written loses a message that \
            neither end misses. Four clients send a numbered message every 5 ms, on a route that leads to an origin of its own and that no change touches; the \
            origin looks at the numbers and returns each message, and the client looks at what comes back.",
        provenance: &[
            "caddyserver/caddy#7222",
            "caddyserver/caddy#6420",
            "kubernetes/ingress-nginx#2461",
        ],
        needs: &[Capability::HttpUpgrade, Capability::Routes],
        steps: vec![
            Step::LayOut(Layout::default().with_routes(&[LeadsTo::Apart])),
            Step::Start,
            Step::At {
                listener: Listener::First,
                route: 1,
                steps: vec![Step::Hold {
                    what: Held::WebSocket,
                    count: 4,
                }],
            },
            Step::Watch { ms: 100 },
            Step::Repeat {
                times: 2,
                steps: change(),
            },
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![Step::Flawed, Step::Watch { ms: 100 }],
            },
            Step::Repeat {
                times: 2,
                steps: change(),
            },
            Step::Release,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::TunnelSurvives, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            fault("cuts-tunnels"),
            fault("loses-a-message"),
            fault("repeats-a-message"),
        ],
    }
}
