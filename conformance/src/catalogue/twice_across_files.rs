//! `cross_file_duplicates_are_rejected`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Layout, Level, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "cross_file_duplicates_are_rejected",
        area: Area::Composition,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "what two files of one configuration define, each for itself, is refused, by a reload as by a fresh start, and what was there is \
            served on",
        rationale: "Two teams that each have a file of their own choose the same name one day. Whichever file counts then, by the order of names \
            in a folder, the other team's traffic goes elsewhere, and nobody is told. Both files define the route for all \
            paths.",
        provenance: &["traefik#5801"],
        needs: &[Capability::Include],
        steps: vec![
            Step::LayOut(Layout::in_parts()),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 2_000,
            },
            Step::Change,
            Step::WithFlaw {
                flaw: Flaw::TwiceAcrossFiles,
                steps: vec![Step::FreshStart, Step::Flawed, Step::Watch { ms: 100 }],
            },
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::FlawIsRefused, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the good files before and after are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "last-definition-wins",
            check: Check::FlawIsRefused,
        }],
    }
}
