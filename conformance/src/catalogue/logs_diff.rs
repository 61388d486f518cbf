//! `changed_settings_are_logged_as_a_diff`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Layout, LeadsTo, Level, Listener, Meddling,
    Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let fault = |name, check| FaultSpec { name, check };
    Case {
        id: "changed_settings_are_logged_as_a_diff",
        area: Area::Logging,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "what a reload changed is named in the log: all of it that is different, nothing that is not, and no secret",
        rationale: "That a reload went well says nothing of what it did. Whoever is woken an hour later by a route that leads elsewhere wants to read that \
            it changed then, and would rather not be sent after ten that did not. One of two routes changes, changes back, and one goes; a listener comes \
            and goes; the credential is another with every change. A comment more, and a file that is refused, change nothing, and nothing is said to have \
            changed. A target's folder says by `[log.changed]` how its log names these; what it has no name for is not asked for.",
        provenance: &["documented"],
        needs: &[Capability::LogDiff],
        steps: vec![
            with_routes(&[LeadsTo::Apart, LeadsTo::Apart]),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 10_000,
            },
            with_routes(&[LeadsTo::Current, LeadsTo::Apart]),
            Step::Change,
            Step::WatchPastApplyBound { ms: 100 },
            with_routes(&[LeadsTo::Apart, LeadsTo::Apart]),
            Step::Change,
            Step::WatchPastApplyBound { ms: 100 },
            Step::LayOut(Layout::listening(Listener::Second).with_routes(&[LeadsTo::Apart])),
            Step::Change,
            Step::WatchPastApplyBound { ms: 100 },
            with_routes(&[LeadsTo::Apart]),
            Step::Change,
            Step::WatchPastApplyBound { ms: 100 },
            Step::Meddle(Meddling::Commented),
            Step::WatchPastApplyBound { ms: 100 },
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![
                    Step::FreshStart,
                    with_routes(&[LeadsTo::Current]),
                    Step::Flawed,
                    Step::Watch { ms: 500 },
                ],
            },
            // Of the refused file nothing came to be, so that this changes no route.
            with_routes(&[LeadsTo::Apart]),
            Step::Change,
            Step::WatchPastApplyBound { ms: 100 },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::ChangedIsNamed, Level::Should),
            CheckSpec::of(Check::UnchangedIsNotNamed, Level::Should),
            CheckSpec::of(Check::RefusedIsNotNamed, Level::Should),
            CheckSpec::of(Check::NoSecretShown, Level::Should),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Should,
                requirement: "the changes are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            fault("logs-no-diff", Check::ChangedIsNamed),
            fault("diff-names-another", Check::UnchangedIsNotNamed),
            fault("diff-of-the-refused", Check::RefusedIsNotNamed),
            fault("diff-shows-secret", Check::NoSecretShown),
            fault("reloads-only-once", Check::TakesEffect),
        ],
    }
}

fn with_routes(lead_to: &[LeadsTo]) -> Step {
    Step::LayOut(Layout::default().with_routes(lead_to))
}
