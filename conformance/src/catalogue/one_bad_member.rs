//! `one_bad_file_among_many`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Layout, Level, Profile, Step,
};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "one_bad_file_among_many",
        area: Area::Composition,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "one bad file among several makes the configuration bad as a whole: nothing of the others' changes is applied, all that was \
            good is served on, what is said names the bad file, and once it is gone the good changes are applied",
        rationale: "Who leaves out the one file that is bad, and applies the others, serves a configuration that nobody wrote: with \
            the route to a host, and without the rule that keeps strangers from it. And in a folder of a hundred files, a \
            complaint that does not name one is a riddle. A bad file comes first, beside a good one, and then a change of \
            the good one. A target that takes the bad one at a fresh start, by leaving it out, has no such file.",
        provenance: &["traefik#8921"],
        needs: &[Capability::Include],
        steps: vec![
            Step::LayOut(Layout::in_parts()),
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 2_000,
            },
            Step::Change,
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![
                    Step::FreshStart,
                    Step::Flawed,
                    Step::Watch { ms: 100 },
                    Step::Doomed,
                    Step::Watch { ms: 200 },
                    Step::Change,
                ],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec {
                id: Check::RejectedChangesNothing,
                level: Level::Must,
                requirement: "a bad file beside a good one changes no marker, on fresh and on kept connections",
            },
            CheckSpec {
                id: Check::FailureChangesNothing,
                level: Level::Must,
                requirement: "a change of a good file beside a bad one is not applied while the bad one is there",
            },
            CheckSpec::of(Check::RejectionNamesMember, Level::Must),
            CheckSpec {
                id: Check::Recovers,
                level: Level::Must,
                requirement: "once the bad file is gone, the good change is applied",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "leaves-bad-members-out",
                check: Check::FailureChangesNothing,
            },
            FaultSpec {
                name: "blames-the-main-file",
                check: Check::RejectionNamesMember,
            },
            FaultSpec {
                name: "stuck-after-bad",
                check: Check::Recovers,
            },
            FaultSpec {
                name: "leaves-bad-members-out",
                check: Check::RejectedChangesNothing,
            },
        ],
    }
}
