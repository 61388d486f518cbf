//! `unchanged_content_is_no_reload`

use crate::vocabulary::{
    Area, Case, Check, CheckSpec, Condition, FaultSpec, Held, Level, Meddling, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "unchanged_content_is_no_reload",
        area: Area::HotReload,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "a file that is written again with the same bytes, or is only touched, brings about nothing: no record of a reload, \
            and no end of what is open",
        rationale: "Agents that write the same file every minute, backups, and mounts that are refreshed make events without a \
            change. Who reloads at each drains connections and fills the log for nothing, all day. A target that is \
            told to reload may do so: there it is a figure.",
        provenance: &["contour#1096", "traefik#4333"],
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
            Step::Meddle(Meddling::Rewritten),
            Step::Watch { ms: 1_200 },
            Step::Meddle(Meddling::Touched),
            Step::Watch { ms: 1_200 },
            Step::Release,
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::NoRecordOfSame, Level::Must),
            CheckSpec::of(Check::SameCutsNothing, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "the changes before and after are served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "reloads-the-same",
                check: Check::NoRecordOfSame,
            },
            FaultSpec {
                name: "drains-for-the-same",
                check: Check::SameCutsNothing,
            },
        ],
    }
}
