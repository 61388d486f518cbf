//! `sni_certificate_added_and_removed`

use crate::vocabulary::{
    Area, Caller, Capability, Case, Check, CheckSpec, Condition, FaultSpec, Layout, Level, Listener, Profile,
    Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "sni_certificate_added_and_removed",
        area: Area::Tls,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a change that adds a certificate for a further name has it shown to whoever asks for that name, and one that takes it away has it shown to nobody any more; who asks \
            for the name before gets his certificate all the while",
        rationale: "Hosts come and go, each with its certificate, while the others are busy. A proxy that reads its list of certificates at the start alone shows the new host that of another, \
            and one that forgets none goes on to speak for a host that was given away. A certificate for a further name is added by one change and taken away by the next, while \
            clients shake hands for either name.",
        provenance: &["documented"],
        needs: &[Capability::Sni],
        steps: vec![
            Step::LayOut(Layout::listening(Listener::Tls)),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 20_000,
            },
            Step::HandshakesOn {
                tasks: 2,
                pause_us: 10_000,
            },
            Step::CallersOn {
                caller: Caller::Further,
                tasks: 1,
                pause_us: 10_000,
            },
            Step::Await(Condition::LeafShown),
            Step::LayOut(Layout::of_further_name()),
            Step::Change,
            Step::WatchPastApplyBound { ms: 500 },
            Step::LayOut(Layout::listening(Listener::Tls)),
            Step::Change,
            Step::WatchPastApplyBound { ms: 500 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::FurtherLeafIsShown, Level::Must),
            CheckSpec::of(Check::RemovedLeafIsGone, Level::Must),
            CheckSpec::of(Check::HandshakesSucceed, Level::Must),
            CheckSpec::of(Check::NoForeignLeaf, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "ignores-new-names",
                check: Check::FurtherLeafIsShown,
            },
            FaultSpec {
                name: "keeps-removed-names",
                check: Check::RemovedLeafIsGone,
            },
        ],
    }
}
