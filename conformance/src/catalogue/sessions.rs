//! `sessions_resume_across_unrelated_reload`

use crate::vocabulary::{
    Area, Caller, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile,
    Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "sessions_resume_across_unrelated_reload",
        area: Area::Tls,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "who could resume a session before a change that is not about TLS can resume it after the change",
        rationale: "A resumed session spares both ends the costly part of a handshake, and a client a round trip. A proxy that makes new keys for its tickets with every reload throws away the \
            sessions of all its clients at once: each comes back with a full handshake, just then. A client who resumes wherever it may comes again and again, over changes that \
            leave certificates and listeners alone; each time it should resume what it was given the time before.",
        provenance: &["haumacher/phoneblock#351"],
        needs: &[Capability::Tls],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Tls)),
            Step::Start,
            Step::HandshakesOn {
                tasks: 1,
                pause_us: 20_000,
            },
            Step::CallersOn {
                caller: Caller::Returning,
                tasks: 1,
                pause_us: 10_000,
            },
            Step::Await(Condition::LeafShown),
            Step::Watch { ms: 200 },
            Step::Repeat {
                times: 4,
                steps: vec![Step::Change, Step::Watch { ms: 200 }],
            },
            Step::LoadOff,
        ],
        checks: vec![CheckSpec::of(Check::SessionsResume, Level::Should)],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "forgets-tickets",
            check: Check::SessionsResume,
        }],
    }
}
