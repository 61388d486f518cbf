//! `active_connections_persist_through_successful_reload`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "active_connections_persist_through_successful_reload",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "what is in flight over a change finishes intact, byte for byte, on the generation that \
            accepted it; an idle kept connection stays, and swallows no request",
        rationale: "A reload must not be felt by those who are being served. A request is held by a gate in \
            the origin until the new generation has been seen by somebody else, so that it is \
            certain that it was in flight over the change; a download (of known length and chunked) \
            and an upload are cut in two by the same gate. Idle connections are asked again \
            afterwards.",
        provenance: &["kubernetes#54505", "ingress-nginx#1373"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Hold {
                what: Held::Request,
                count: 2,
            },
            Step::Hold {
                what: Held::Download,
                count: 2,
            },
            Step::Hold {
                what: Held::Stream,
                count: 2,
            },
            Step::Hold {
                what: Held::Upload,
                count: 2,
            },
            Step::Hold {
                what: Held::Idle,
                count: 4,
            },
            Step::Change,
            Step::Watch { ms: 200 },
            Step::Release,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::InFlightCompletes, Level::Must),
            CheckSpec::of(Check::NoSwallowedRequest, Level::Must),
            CheckSpec::of(Check::IdleConnectionStays, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "truncates-upload",
                check: Check::InFlightCompletes,
            },
            FaultSpec {
                name: "re-execs",
                check: Check::InFlightCompletes,
            },
            FaultSpec {
                name: "cuts-in-flight",
                check: Check::InFlightCompletes,
            },
            FaultSpec {
                name: "truncates-stream",
                check: Check::InFlightCompletes,
            },
            FaultSpec {
                name: "swallows-request",
                check: Check::NoSwallowedRequest,
            },
            FaultSpec {
                name: "re-execs",
                check: Check::IdleConnectionStays,
            },
            FaultSpec {
                name: "closes-idle",
                check: Check::IdleConnectionStays,
            },
            FaultSpec {
                name: "leaves-a-child",
                check: Check::NothingLeftBehind,
            },
        ],
    }
}
