//! `graceful_stop_finishes_requests`

use crate::vocabulary::{Area, Capability, Case, Check, CheckSpec, FaultSpec, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let hold = |what| Step::Hold { what, count: 2 };
    Case {
        id: "graceful_stop_finishes_requests",
        area: Area::Lifecycle,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "who is asked to stop gracefully, after a reload as before one, finishes what is in flight, and then ends",
        rationale: "A deployment replaces a proxy by asking the old one to stop. Each request that it cuts is one that a user sees, and \
            a proxy that has been reloaded has more than one configuration to drain. What is in flight when the signal comes was \
            accepted before a change or after it, and goes on for a fifth of a second after the signal.",
        provenance: &["docs: the signals of each proxy's own manual"],
        needs: &[Capability::GracefulStop],
        steps: vec![
            Step::Start,
            hold(Held::Request),
            Step::Change,
            hold(Held::Download),
            Step::Watch { ms: 200 },
            Step::AskToStop,
            Step::Watch { ms: 200 },
            Step::Release,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::GracefulStopFinishes, Level::Must),
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "cuts-on-stop",
            check: Check::GracefulStopFinishes,
        }],
    }
}
