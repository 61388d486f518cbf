//! `draining_is_bounded_and_visible`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Held, Layout, Level, Listener, Profile,
    Question, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let fault = |name, check| FaultSpec { name, check };
    let ask_on = |question| Step::AskOn {
        question,
        pause_ms: 20,
    };
    let with_second = || Step::LayOut(Layout::listening(Listener::Second).draining());
    let without = || Step::LayOut(Layout::default().draining());
    let hold = || {
        at_second(Step::Hold {
            what: Held::Request,
            count: 2,
        })
    };
    Case {
        id: "draining_is_bounded_and_visible",
        area: Area::ConnectionManagement,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "what is in flight on a listener that a change takes away has the time that the configuration names, and no more, and meanwhile \
            it is told that something is being drained",
        rationale: "Requests that never end keep old connections, old workers and old configurations for days, until the memory is full; a time \
            for draining is the promise that they do not. Cut off before it is over, they are requests lost for nothing. Whoever takes a \
            machine out of service needs to see whether it still drains.",
        provenance: &["haproxy#155", "Kong#6904"],
        needs: &[Capability::Listeners, Capability::Drain],
        steps: vec![
            with_second(),
            Step::Start,
            Step::Ask(Question::Status),
            Step::Ask(Question::Metrics),
            ask_on(Question::Status),
            ask_on(Question::Metrics),
            // Some that end in time.
            hold(),
            without(),
            Step::Change,
            Step::Watch { ms: 400 },
            Step::Release,
            Step::Watch { ms: 200 },
            // Some that do not.
            with_second(),
            Step::Change,
            at_second(Step::Await(Condition::Effect)),
            hold(),
            without(),
            Step::Change,
            Step::Await(Condition::HeldEnded),
            Step::Watch { ms: 300 },
            Step::Release,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::DrainIsBounded, Level::Must),
            CheckSpec::of(Check::DrainIsGranted, Level::Must),
            CheckSpec::of(Check::DrainingIsTold, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            fault("never-cuts-draining", Check::DrainIsBounded),
            fault("cuts-draining-early", Check::DrainIsGranted),
            fault("hides-draining", Check::DrainingIsTold),
            fault("keeps-drained-count", Check::DrainingIsTold),
        ],
    }
}

fn at_second(step: Step) -> Step {
    Step::At {
        listener: Listener::Second,
        route: 0,
        steps: vec![step],
    }
}
