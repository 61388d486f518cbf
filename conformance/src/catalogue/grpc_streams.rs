//! `grpc_bidi_stream_survives`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Held, Layout, LeadsTo, Level, Listener,
    Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let change = || vec![Step::Change, Step::Watch { ms: 100 }];
    let fault = |name| FaultSpec {
        name,
        check: Check::GrpcSurvives,
    };
    Case {
        id: "grpc_bidi_stream_survives",
        area: Area::ConnectionManagement,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a bidirectional stream of gRPC on a route that no change is about goes on over several changes, and over a file that is refused: no message is \
            lost, repeated or out of order, either way, and it ends when its client ends it, with all of its trailers",
        rationale: "A watch, a subscription or a chat by gRPC is one stream for hours, and many of them share a connection, so that whoever gives that up for a change, or resets single streams, \
            cuts off all who listen. Trailers bear the status: a stream that ends without them has failed for its client, whatever came before, and is often made again from the \
            start. Four streams on one connection send a numbered message every 5 ms, on a route that leads to an origin of its own, by HTTP/2, and that no change touches; the \
            origin looks at the numbers and returns each message, and says at the end, in trailers, how many came.",
        provenance: &["cloudflare/pingora#690"],
        needs: &[Capability::Grpc, Capability::Http2, Capability::Routes],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Http2).with_routes(&[LeadsTo::Grpc])),
            Step::Start,
            Step::At {
                listener: Listener::Http2,
                route: 1,
                steps: vec![Step::Hold {
                    what: Held::Grpc,
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
            CheckSpec::of(Check::GrpcSurvives, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            fault("resets-streams"),
            fault("loses-trailers"),
            fault("loses-a-piece"),
        ],
    }
}
