//! `unix_socket_listener_survives`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "unix_socket_listener_survives",
        area: Area::Listeners,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a socket in the file system that all configurations have is there at every moment, and each change is served at it",
        rationale: "A socket in the file system is found by its name. Whoever binds it anew at a change has to take the old name away \
            first, and whoever tidies up what the old configuration had removes the name of the new one's socket: it listens on, and \
            nobody finds it any more.",
        provenance: &["caddy#5056"],
        needs: &[Capability::UnixSocket],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Socket)),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            at_it(vec![Step::LoadOn {
                fresh: 2,
                kept: 1,
                pause_us: 1_000,
            }]),
            Step::RepeatFor {
                ms: 4_000,
                at_most: 10,
                steps: vec![
                    Step::Pause,
                    Step::Change,
                    at_it(vec![Step::Await(Condition::Effect)]),
                ],
            },
            Step::Watch { ms: 100 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::SocketServesOn, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "unlinks-socket",
                check: Check::SocketServesOn,
            },
            FaultSpec {
                name: "rebinds-socket",
                check: Check::SocketServesOn,
            },
        ],
    }
}

fn at_it(steps: Vec<Step>) -> Step {
    Step::At {
        listener: Listener::Socket,
        route: 0,
        steps,
    }
}
