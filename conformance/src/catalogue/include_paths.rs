//! `include_paths_stay_inside`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Layout, Level, Listener, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let fault = |name| FaultSpec {
        name,
        check: Check::OutsideIsAsDeclared,
    };
    Case {
        id: "include_paths_stay_inside",
        area: Area::Security,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "what is documented of included files that lie outside the configuration's folder holds: they are followed, or they are \
            refused, whether `..` leads there or a link, by a reload as by a fresh start",
        rationale: "Who may write into a folder that is included can have any file read that the proxy may read, by a link; whether that is meant is \
            for the proxy to say, and for its documentation. What is followed at a start and not at a reload, or by `..` and \
            not by a link, takes a site away that nobody removed; what is documented to be refused and is not is a hole in a fence. A link \
            to a file outside comes to match the pattern of the include, with a route of its own, and goes again; and \
            a process of its own starts on a main file whose include leads out of its folder by `..`. Links within the folder, \
            as Kubernetes makes them, are another matter.",
        provenance: &["nginx: include takes any file mask"],
        needs: &[Capability::Include, Capability::IncludePolicy],
        steps: vec![
            Step::LayOut(Layout::in_parts()),
            Step::Start,
            Step::At {
                listener: Listener::First,
                route: 1,
                steps: vec![Step::LoadOn {
                    fresh: 1,
                    kept: 0,
                    pause_us: 4_000,
                }],
            },
            Step::MemberByLink { comes: true },
            Step::Watch { ms: 50 },
            Step::MemberByLink { comes: false },
            Step::Watch { ms: 50 },
            Step::Change,
            Step::LoadOff,
            Step::StartOutside,
        ],
        checks: vec![
            CheckSpec::of(Check::OutsideIsAsDeclared, Level::Should),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Should,
                requirement: "a change of the file inside is served within the apply bound thereafter",
            },
        ],
        budget_s: 60,
        faults: vec![fault("skips-links"), fault("stays-inside")],
    }
}
