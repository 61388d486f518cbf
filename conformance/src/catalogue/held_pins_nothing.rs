//! `held_connections_do_not_pin_generations_without_bound`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Held, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let changes = |ms, at_most| Step::RepeatFor {
        ms,
        at_most,
        steps: vec![Step::Change],
    };
    Case {
        id: "held_connections_do_not_pin_generations_without_bound",
        area: Area::Resources,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "while a few streams stay open, what a target holds of the machine does not grow with the number of reloads",
        rationale: "An open stream may keep alive the configuration that accepted it. It may not keep alive every later one: with streams that are \
            open for hours and a reload a minute, that was 60 GB. Four streams are open here from the start on; what is held is \
            compared after fifty changes and after five hundred more, or as many as fit into six seconds, with the same \
            allowances as where nothing is open.",
        provenance: &["contour#499"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::Hold {
                what: Held::Stream,
                count: 4,
            },
            changes(1_000, 50),
            Step::Sample,
            changes(6_000, 500),
            Step::Sample,
            Step::Release,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::MemoryReturns, Level::Must),
            CheckSpec::of(Check::DescriptorsReturn, Level::Must),
            CheckSpec::of(Check::TasksReturn, Level::Must),
            CheckSpec::of(Check::InFlightCompletes, Level::Must),
        ],
        budget_s: 60,
        faults: vec![
            FaultSpec {
                name: "pins-generations",
                check: Check::MemoryReturns,
            },
            FaultSpec {
                name: "leaks-descriptors",
                check: Check::DescriptorsReturn,
            },
            FaultSpec {
                name: "leaks-threads",
                check: Check::TasksReturn,
            },
            FaultSpec {
                name: "truncates-stream",
                check: Check::InFlightCompletes,
            },
        ],
    }
}
