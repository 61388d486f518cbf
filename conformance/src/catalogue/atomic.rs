//! `reload_is_atomic_during_concurrent_requests`

use crate::vocabulary::{Area, Case, Check, CheckSpec, FaultSpec, Level, Profile, Step};

/// The case.
pub(super) fn case() -> Case {
    Case {
        id: "reload_is_atomic_during_concurrent_requests",
        area: Area::ConnectionManagement,
        profile: Profile::Core,
        level: Level::Must,
        requirement: "under load each answer is wholly of one generation, and no request is refused, reset, \
            lost or answered with an error, over many reloads",
        rationale: "Between the old configuration and the new one there must be no third. The four markers \
            of an answer are coupled: a new upstream with an old header is a torn answer, a moment \
            without routes is an error status, a listener that is made anew is a refused connect. \
            Requests on kept connections that meet the end of their connection before any byte of \
            the answer are counted apart, because HTTP/1.1 cannot announce the end of an idle \
            connection (RFC 9112, section 9.5).",
        provenance: &["Kong#5898", "Tyk#1402", "APISIX#3779"],
        needs: &[],
        steps: vec![
            Step::Start,
            Step::LoadOn {
                fresh: 4,
                kept: 4,
                pause_us: 1_500,
            },
            Step::Watch { ms: 100 },
            Step::Repeat {
                times: 24,
                steps: vec![Step::Change, Step::Watch { ms: 40 }],
            },
            Step::LoadOff,
        ],
        checks: vec![
            CheckSpec::of(Check::TakesEffect, Level::Must),
            CheckSpec::of(Check::NeverTorn, Level::Must),
            CheckSpec::of(Check::NoFailedRequest, Level::Must),
            CheckSpec::of(Check::NoErrorStatus, Level::Must),
            CheckSpec::of(Check::NoKeepaliveRace, Level::Should),
        ],
        budget_s: 120,
        faults: vec![
            FaultSpec {
                name: "re-execs",
                check: Check::NoFailedRequest,
            },
            FaultSpec {
                name: "rebinds-listener",
                check: Check::NoFailedRequest,
            },
            FaultSpec {
                name: "torn-swap",
                check: Check::NeverTorn,
            },
            FaultSpec {
                name: "empty-router",
                check: Check::NoErrorStatus,
            },
            FaultSpec {
                name: "resets-fresh",
                check: Check::NoFailedRequest,
            },
            FaultSpec {
                name: "panics-on-reload",
                check: Check::NoFatalLine,
            },
        ],
    }
}
