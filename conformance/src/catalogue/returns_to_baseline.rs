//! `memory_fds_and_tasks_return_to_baseline`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let changes = |ms, at_most| Step::RepeatFor {
        ms,
        at_most,
        steps: vec![Step::Change],
    };
    Case {
        id: "memory_fds_and_tasks_return_to_baseline",
        area: Area::Resources,
        profile: Profile::Extended,
        level: Level::Must,
        requirement: "what a target holds of the machine does not grow with the number of reloads",
        rationale: "A little that each reload leaves behind is nothing in a test, and an outage after a month of deployments. The tree of all \
            processes is looked at when it has come to rest: after a hundred changes, which warm it up, and after a thousand \
            more, or as many as fit into fifteen seconds. Memory may grow by half, and by 32 MiB in any case, for allocators and \
            collectors keep what was freed; descriptors and tasks by sixteen. So over a thousand changes 33 KiB a reload \
            are found, and one descriptor; the number of changes is told with each verdict.",
        provenance: &["caddy#2358", "Tyk#496"],
        needs: &[],
        steps: vec![
            Step::Start,
            changes(3_000, 100),
            Step::Sample,
            changes(15_000, 1_000),
            Step::Sample,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::MemoryReturns, Level::Must),
            CheckSpec::of(Check::DescriptorsReturn, Level::Must),
            CheckSpec::of(Check::TasksReturn, Level::Must),
        ],
        budget_s: 90,
        faults: vec![
            FaultSpec {
                name: "leaks-memory",
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
        ],
    }
}
