//! `parseable_prefix_is_never_applied`

use crate::vocabulary::{Area, Case, Check, CheckSpec, Delivery, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "parseable_prefix_is_never_applied",
        area: Area::FileReplacement,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "while its writer has a file open, the part that is there already is not applied, even if it makes a good file by itself; once \
            it is whole it is applied",
        rationale: "Two thirds of a file may be a good one, with a third of its routes missing, and nothing in it says so: no parser can find \
            that out. What can be found out is that somebody is still writing it, for the kernel tells when who has written \
            a file closes it (inotify(7), IN_CLOSE_WRITE). A language whose files have an end avoids the question. The writer of this \
            case pauses for 1.1 s after a part that is good by itself, of a file that had been at rest; what follows is a \
            comment, which nobody can know before it is there. Whoever can neither tell is asked for it at SHOULD, since \
            there are file systems that tell of nothing.",
        provenance: &["haproxy#842", "documented"],
        needs: &[],
        steps: vec![Step::ForEachOf {
            deliveries: vec![Delivery::GoodPartFirst],
            // At rest: a target that holds back what comes soon after another change would come upon the whole file only.
            steps: vec![
                Step::Start,
                Step::LoadOn {
                    fresh: 1,
                    kept: 1,
                    pause_us: 2_000,
                },
                Step::WatchPastApplyBound { ms: 0 },
                Step::Change,
                Step::LoadOff,
            ],
        }],
        checks: vec![
            CheckSpec {
                id: Check::HalfWrittenChangesNothing,
                level: Level::Should,
                requirement: "while its writer has the file open, every answer is wholly of the one before",
            },
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Must,
                requirement: "once the rest is written, the file is served within the apply bound",
            },
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "trusts-open-files",
                check: Check::HalfWrittenChangesNothing,
            },
            FaultSpec {
                name: "never-reloads",
                check: Check::TakesEffect,
            },
        ],
    }
}
