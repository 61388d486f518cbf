//! `h2_streams_complete`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Held, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let hold = |what, count| Step::Hold { what, count };
    let fault = |name, check| FaultSpec { name, check };
    Case {
        id: "h2_streams_complete",
        area: Area::ConnectionManagement,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "over several changes, every stream of HTTP/2 that was accepted finishes intact; a connection that is given up says by GOAWAY which streams it did \
            not process, and that is true; a connection that is kept serves its next stream by the new configuration",
        rationale: "One connection of HTTP/2 bears all that a client asks, so that whoever cuts it for a change cuts off dozens of requests, and no client knows which of them were \
            carried out. GOAWAY is there for that (RFC 9113, section 6.8): streams up to the last one that it names finish, and those after it may be sent again without \
            harm, which holds only if they were not processed. Requests, downloads, uploads and event streams are held open over three changes, several on one connection, \
            while others ask one stream after the other on connections that they keep.",
        provenance: &["grpc/grpc#24069"],
        needs: &[Capability::Http2],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Http2)),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 5_000,
            },
            Step::At {
                listener: Listener::Http2,
                route: 0,
                steps: vec![
                    Step::LoadOn {
                        fresh: 0,
                        kept: 3,
                        pause_us: 2_000,
                    },
                    hold(Held::Request, 3),
                    hold(Held::Download, 2),
                    hold(Held::Upload, 2),
                    hold(Held::Events, 2),
                ],
            },
            Step::Watch { ms: 50 },
            Step::Repeat {
                times: 3,
                steps: vec![Step::Change, Step::Watch { ms: 100 }],
            },
            Step::Release,
            Step::Watch { ms: 50 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::StreamsComplete, Level::Must),
            CheckSpec::of(Check::GoawayIsHonest, Level::Must),
            CheckSpec::of(Check::StreamsFollow, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            fault("cuts-in-flight", Check::StreamsComplete),
            fault("gives-up-too-much", Check::GoawayIsHonest),
            fault("keeps-old-on-kept", Check::StreamsFollow),
        ],
    }
}
