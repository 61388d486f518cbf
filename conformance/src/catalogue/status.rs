//! `status_reports_active_generation_hash_and_last_error`

use crate::vocabulary::{
    Area, Capability, Case, Check, CheckSpec, FaultSpec, Flaw, Level, Profile, Question, Step,
};

/// The case.
pub(super) fn case() -> Case {
    let fault = |name, check| FaultSpec { name, check };
    Case {
        id: "status_reports_active_generation_hash_and_last_error",
        area: Area::Logging,
        profile: Profile::Extended,
        level: Level::Should,
        requirement: "the status names what serves, by a digest, a number or a part of it that differs from one configuration to the next, once that \
            serves and not before; a file that is refused does not change that name, and shows with its error until a good one comes",
        rationale: "Whoever rolls out a change to many proxies asks each of them what it serves. A status that shows the file on the disk, or what \
            was last tried, says that all is well where it is not; one that is ahead of the traffic lets the old upstream be taken down under \
            the last requests for it.",
        provenance: &["nghttp2#820", "traefik#9383", "coredns#2920"],
        needs: &[Capability::Status],
        steps: vec![
            Step::Start,
            Step::Ask(Question::Status),
            Step::AskOn {
                question: Question::Status,
                pause_ms: 1,
            },
            Step::LoadOn {
                fresh: 2,
                kept: 0,
                pause_us: 300,
            },
            Step::Repeat {
                times: 5,
                steps: vec![Step::Pause, Step::Change, Step::AskUntilTold(Question::Status)],
            },
            Step::WithFlaw {
                flaw: Flaw::Syntax,
                steps: vec![Step::Flawed, Step::AskUntilTold(Question::Status)],
            },
            Step::Change,
            Step::AskUntilTold(Question::Status),
        ],
        checks: vec![
            CheckSpec {
                id: Check::TakesEffect,
                level: Level::Should,
                requirement: "a valid change is served, so that there is something to report",
            },
            CheckSpec::of(Check::DeclaredIsThere, Level::Should),
            CheckSpec::of(Check::StatusNamesActive, Level::Should),
            CheckSpec::of(Check::StatusTellsError, Level::Should),
            CheckSpec::of(Check::StatusMeansEffective, Level::Should),
        ],
        budget_s: 60,
        faults: vec![
            fault("status-stands-still", Check::StatusNamesActive),
            fault("status-names-the-refused", Check::StatusNamesActive),
            fault("status-hides-error", Check::StatusTellsError),
            fault("status-keeps-error", Check::StatusTellsError),
            fault("status-runs-ahead", Check::StatusMeansEffective),
        ],
    }
}
