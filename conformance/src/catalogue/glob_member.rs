//! `glob_member_added_or_removed_is_seen`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let member = |comes| vec![Step::Member { comes }, Step::Watch { ms: 50 }];
    Case {
        id: "glob_member_added_or_removed_is_seen",
        area: Area::Composition,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a file that comes to match the pattern of an include is served, and one that has gone is served no more, though no other file \
            has changed; twice in a row, and all else is served as before",
        rationale: "One file a site is what patterns are for: a site is added by adding a file, and taken down by removing it. Who looks for members \
            at the start alone serves neither, and one who watches the files that there are, and not their folder, serves a \
            site for ever that was taken down. The route of the second file leads to an origin that is no generation's; \
            without the file, its paths belong to the route for all paths.",
        provenance: &["vector#3857", "coredns import"],
        needs: &[Capability::Include],
        steps: vec![
            Step::LayOut(Layout::in_parts()),
            Step::Start,
            Step::LoadOn {
                fresh: 2,
                kept: 1,
                pause_us: 1_000,
            },
            Step::At {
                listener: Listener::First,
                route: 1,
                steps: vec![Step::LoadOn {
                    fresh: 1,
                    kept: 0,
                    pause_us: 4_000,
                }],
            },
            Step::Repeat {
                times: 2,
                steps: [member(true), member(false)].concat(),
            },
            Step::Change,
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::MemberIsSeen, Level::Must),
            CheckSpec::of(Check::OthersAreUntouched, Level::Must),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "a change of the file that was there all the time is served within the apply bound thereafter",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "overlooks-new-members",
                check: Check::MemberIsSeen,
            },
            FaultSpec {
                name: "keeps-removed-members",
                check: Check::MemberIsSeen,
            },
            FaultSpec {
                name: "empty-router",
                check: Check::OthersAreUntouched,
            },
        ],
    }
}
