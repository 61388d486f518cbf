//! `config_rollback_restores_an_earlier_version`

use crate::vocabulary::{Area, Capability, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    let fault = |name, check| FaultSpec { name, check };
    let change = || [Step::Pause, Step::Change, Step::NoteVersion];
    let roll_back = |changes_ago| {
        [
            Step::RollBack { changes_ago },
            Step::NoteVersion,
            Step::Watch { ms: 30 },
        ]
    };
    let mut round = Vec::new();
    for _ in 0..3 {
        round.extend(change());
    }
    // Neither the newest, nor the one before it, nor the oldest.
    round.extend(roll_back(2));
    round.push(Step::RollBackToNone);
    round.extend(change());
    round.extend(roll_back(1));
    Case {
        id: "config_rollback_restores_an_earlier_version",
        area: Area::Lifecycle,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "an order to serve an earlier version again is carried out as any other change, for every request that begins after it was answered \
            with a yes, and what names the version that serves says so; a version that never was is refused; and a file that is changed afterwards is applied",
        rationale: "A rollback is ordered when something is badly wrong, and by somebody who has no time to look twice. One that is answered with a yes \
            and not carried out, or carried out by half of the workers, or undone by the next look at the file, costs the minutes that it was to \
            save; one to a version that was mistyped must not lead anywhere; and a status that goes on naming what was left has the rollback ordered \
            again. A target's folder says by `[versions]` where the version that serves is named, and how an earlier one is ordered. Whether a \
            rollback gets a new number or the old one is the target's choice, as what names it is not the one that was left.",
        provenance: &["documented"],
        needs: &[Capability::Versions],
        steps: vec![
            Step::Start,
            Step::NoteVersion,
            Step::LoadOn {
                fresh: 2,
                kept: 2,
                pause_us: 1_000,
            },
            Step::Change,
            Step::NoteVersion,
            Step::WatchPastApplyBound { ms: 50 },
            Step::Repeat {
                times: 4,
                steps: round,
            },
            Step::WatchPastApplyBound { ms: 50 },
        ],
        checks: vec![
            CheckSpec::of(Check::DeclaredIsThere, Level::Should),
            CheckSpec::of(Check::RollbackRestores, Level::Should),
            CheckSpec::of(Check::RollbackIsEffective, Level::Should),
            CheckSpec::of(Check::UnknownVersionIsRefused, Level::Should),
            CheckSpec::of(Check::RollbackIsTold, Level::Should),
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Should,
                requirement: "a changed file is served within the apply bound, before a rollback as after one",
            },
            CheckSpec::of(Check::NeverBackwards, Level::Should),
            CheckSpec::of(Check::NeverTorn, Level::Should),
            CheckSpec::of(Check::NoErrorStatus, Level::Should),
            CheckSpec::of(Check::NoFailedRequest, Level::Should),
        ],
        budget_s: 120,
        faults: vec![
            fault("says-yes-to-rollback", Check::RollbackRestores),
            fault("says-yes-before-rollback", Check::RollbackIsEffective),
            fault("takes-unknown-version", Check::UnknownVersionIsRefused),
            fault("status-forgets-rollback", Check::RollbackIsTold),
            fault("rollback-freezes-file", Check::TakesEffect),
        ],
    }
}
