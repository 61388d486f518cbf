//! `unknown_keys_are_rejected`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "unknown_keys_are_rejected",
        area: Area::ConfigValidation,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "a file with a key that the target does not know is refused, with the nearest key that it knows",
        rationale: "A setting with a slip of the pen in its name is silently not there: the limit is not in force, the header is not \
            set, and the file looks as if it were. The flaw is a known key with one letter too few. A target that accepts what it \
            does not know, so that files can be older or newer than it, has chosen otherwise, and is weak here.",
        provenance: &["prometheus#1292"],
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
                flaw: Flaw::UnknownKey,
                steps: vec![Step::FreshStart, Step::Flawed, Step::Watch { ms: 300 }],
            },
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::FlawIsRefused, Level::Should),
            CheckSpec::of(Check::RejectionNamesNearest, Level::Should),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Should,
                requirement: "the good files before and after are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "skips-unknown-keys",
                check: Check::FlawIsRefused,
            },
            FaultSpec {
                name: "rejects-without-cause",
                check: Check::RejectionNamesNearest,
            },
        ],
    }
}
