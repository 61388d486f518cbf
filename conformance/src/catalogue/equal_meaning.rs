//! `equal_meaning_is_no_reload`

use crate::vocabulary::{
    Area, Case, Check, CheckSpec, Condition, FaultSpec, Held, Level, Meddling, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "equal_meaning_is_no_reload",
        area: Area::HotReload,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "a file that says the same in other words, with a comment more, brings about nothing: no record of a reload, and no end \
            of what is open",
        rationale: "Generators sort their keys anew and put the time into the first line. Who compares the text and not what it means, \
            reloads every minute for nothing, and drains connections each time. A comment is the change of a text that means nothing in \
            every language; here it begins with `#`. A target that is told to reload may do so: there it is a figure.",
        provenance: &["envoy#30986"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 5_000,
            },
            Step::Change,
            Step::Await(Condition::SuccessRecord),
            Step::Hold {
                what: Held::Idle,
                count: 2,
            },
            Step::Hold {
                what: Held::Stream,
                count: 1,
            },
            Step::Meddle(Meddling::Commented),
            Step::WatchPastApplyBound { ms: 100 },
            Step::Release,
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::NoRecordOfSame, Level::Should),
            CheckSpec::of(Check::SameCutsNothing, Level::Should),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Should,
                requirement: "the changes before and after are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![FaultSpec {
            name: "reloads-for-a-comment",
            check: Check::NoRecordOfSame,
        }],
    }
}
