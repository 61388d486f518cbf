//! `active_connections_persist_through_failed_reload`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let hold = |what, count| Step::Hold { what, count };
    Case {
        id: "active_connections_persist_through_failed_reload",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "what is in flight while a bad file is refused finishes intact, byte for byte; an idle kept \
            connection stays, and swallows no request",
        rationale: "A file that is refused asks for nothing, so nobody who is being served may feel it. A proxy that \
            takes down what runs before it knows whether the new file is any good cuts them off for a typing \
            error. A request, a download, a chunked answer and an upload are held by a gate in the origin \
            until the refusal was seen or the apply bound is over; idle connections are asked again \
            afterwards.",
        provenance: &["documented"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Change,
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![
                    Step::FreshStart,
                    hold(Held::Request, 2),
                    hold(Held::Download, 2),
                    hold(Held::Stream, 2),
                    hold(Held::Upload, 2),
                    hold(Held::Idle, 4),
                    Step::Flawed,
                    Step::Watch { ms: 200 },
                ],
            },
            Step::Release,
        ],
        checks: vec![
            CheckSpec {
                id: Check::InFlightCompletes,
                level: Level::Must,
                requirement: "what was in flight while a bad file was refused finishes intact, byte for byte, on the \
                    generation that accepted it",
            },
            CheckSpec::of(Check::NoSwallowedRequest, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the good file before the bad one is served within the apply bound",
            },
            CheckSpec {
                id: Check::IdleConnectionStays,
                level: Level::Should,
                requirement: "an idle kept connection stays open while a bad file is refused",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "cuts-in-flight",
                check: Check::InFlightCompletes,
            },
            FaultSpec {
                name: "swallows-request",
                check: Check::NoSwallowedRequest,
            },
            FaultSpec {
                name: "never-reloads",
                check: Check::TakesEffect,
            },
            FaultSpec {
                name: "closes-idle",
                check: Check::IdleConnectionStays,
            },
        ],
    }
}
