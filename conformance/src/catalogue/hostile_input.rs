//! `huge_deep_or_aliased_input_is_refused_in_bounds`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "huge_deep_or_aliased_input_is_refused_in_bounds",
        area: Area::ErrorHandling,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "a file of a hundred megabytes, of ten thousand levels, of aliases that stand for a million values, with bytes of value 0 \
            or that is no UTF-8, is refused without harm: the old configuration serves on, at most 512 MiB more are held at a time, and the next \
            good file is applied in time",
        rationale: "A generator that has lost its mind, a log that was copied over the file, a text with a bomb in it that a tenant may write: \
            what reads configurations at run time reads those too, in the process that serves; here in one of its own for each. Parsers that recurse end with their stack, \
            those that expand aliases with all memory. What a fresh start takes is valid here; but what it costs to look at counts of every \
            file. The bound allows for five copies of the largest file at a time; the figure is the peak of resident memory.",
        provenance: &["CVE-2019-11253"],
        needs: &[],
        steps: vec![Step::ForEachHostile(vec![
            Step::Start,
            Step::LoadOn {
                fresh: 1,
                kept: 1,
                pause_us: 5_000,
            },
            Step::Change,
            Step::Sample,
            Step::FreshStart,
            Step::Flawed,
            Step::Watch { ms: 100 },
            Step::Sample,
            Step::Change,
            Step::LoadOff,
        ])],
        checks: vec![
            CheckSpec::of(Check::RejectedChangesNothing, Level::Must),
            CheckSpec::of(Check::PeakIsBounded, Level::Must),
            CheckSpec {
                id: Check::Recovers,
                level: Level::Must,
                requirement: "the good file after the bad one is served within the apply bound",
            },
        ],
        budget_s: 120,
        faults: vec![
            FaultSpec {
                name: "applies-invalid",
                check: Check::RejectedChangesNothing,
            },
            FaultSpec {
                name: "copies-the-huge",
                check: Check::PeakIsBounded,
            },
            FaultSpec {
                name: "stuck-after-bad",
                check: Check::Recovers,
            },
        ],
    }
}
