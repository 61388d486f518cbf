//! `admin_listener_survives_good_and_bad_reloads`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Layout, Level, Listener, Profile, Question,
    Step,
};

/// The case.
pub(super) fn case() -> Case {
    let fault = |name| FaultSpec {
        name,
        check: Check::AdminStays,
    };
    Case {
        id: "admin_listener_survives_good_and_bad_reloads",
        area: Area::Listeners,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "every request to the admin listener is answered while good files are applied, while a bad one is refused, and while one is \
            refused that cannot be applied as its address is taken",
        rationale: "The admin listener is what a proxy is mended by. Who builds it anew with each configuration has it gone for a moment with each \
            change, and for good with one that fails half-way: the old one is closed, the new one was never opened, and nobody can send \
            the file that would put it right.",
        provenance: &["coredns#1618", "caddy#4954"],
        needs: &[Capability::Admin, Capability::Listeners],
        steps: vec![
            Step::Start,
            Step::AskOn {
                question: Question::Admin,
                pause_ms: 1,
            },
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 2_000,
            },
            Step::Repeat {
                times: 10,
                steps: vec![Step::Pause, Step::Change],
            },
            Step::LayOut(Layout::listening(Listener::Second)),
            Step::Occupy(Listener::Second),
            Step::Doomed,
            Step::Watch { ms: 50 },
            Step::Vacate,
            Step::LayOut(Layout::default()),
            Step::Change,
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![Step::Flawed, Step::Watch { ms: 50 }],
            },
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::DeclaredIsThere, Level::Must),
            CheckSpec::of(Check::AdminStays, Level::Must),
        ],
        budget_s: 90,
        faults: vec![fault("rebinds-admin"), fault("loses-admin-on-bad")],
    }
}
