//! `duplicate_keys_are_rejected`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "duplicate_keys_are_rejected",
        area: Area::ConfigValidation,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a file in which a key stands twice in one table is refused, by a reload as by a fresh start",
        rationale: "A key that stands twice is a merge gone wrong or a line pasted into the wrong place. Whichever of the two counts, \
            somebody meant the other, and nothing tells him. YAML forbids it (YAML 1.2.2, section 3.2.1.1), and languages in which \
            a setting may stand once have the same rule. Where a language lets a directive be repeated, and gives that a meaning, \
            there is nothing to refuse: the target's folder then renders no such file.",
        provenance: &["prometheus#1275"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 0,
                pause_us: 2_000,
            },
            Step::Change,
            Step::WithFlaw {
                flaw: Flaw::DuplicateKey,
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
            name: "takes-duplicate-keys",
            check: Check::FlawIsRefused,
        }],
    }
}
