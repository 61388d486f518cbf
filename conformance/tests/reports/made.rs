//! Results made by hand: every verdict, and what a target may say to break a report.

use std::collections::BTreeMap;

use reloadspec::conclude;
use reloadspec::vocabulary::{
    Area, Capability, CaseReport, Check, CheckResult, Delivery, Finding, Flaw, Level, LogPatterns, Marker,
    Profile, RunHeader, RunReport, SCHEMA, TargetFacts, TriggerKind, Verdict,
};

/// A line as a target may log it: markup, a terminal's escape, what is no character of XML, and bytes that were no UTF-8.
pub(crate) fn nasty() -> String {
    let bytes = b"<b>&amp; \"5\" > '4' | `code` ]]>\x1b[31mred\x1b[0m\x00\x07\ttab\nsecond \xff\xfe line\r\n";
    String::from_utf8_lossy(bytes).into_owned() + "\u{fffe}\u{202e}"
}

/// A run with every verdict in it.
pub(crate) fn all_verdicts() -> RunReport {
    let torn = || {
        failed(
            Check::NeverTorn,
            "all markers of g4",
            "stamp g4, but origin o3 of g3",
        )
    };
    let known = CheckResult {
        deviation: Some("its workers take a change one by one, see https://example.org/#1".into()),
        ..torn()
    };
    let cases = vec![
        case(
            "changes_are_applied",
            Verdict::Pass,
            vec![passed(Check::TakesEffect, 24)],
        ),
        case(
            "changes_are_applied_at_once",
            Verdict::Weak,
            vec![
                CheckResult {
                    figure: Some("n 20, min 0.30 ms, median 0.58 ms".into()),
                    subject: Some("rename_over".into()),
                    ..result(Check::ApplyLatency, Level::Observe, Verdict::Observed)
                },
                CheckResult {
                    finding: Some(finding("95 of 100 within 250 ms", "p95 310.00 ms")),
                    ..result(Check::P95Within250Ms, Level::Should, Verdict::Weak)
                },
            ],
        ),
        case(
            "bad_files_change_nothing",
            Verdict::Fail,
            vec![
                passed(Check::Recovers, 7),
                CheckResult {
                    subject: Some("truncated".into()),
                    ..failed(Check::RejectedChangesNothing, "g3 on every answer", &nasty())
                },
                CheckResult {
                    subject: Some("duplicate".into()),
                    ..result(
                        Check::RejectedChangesNothing,
                        Level::Must,
                        Verdict::Unsupported("valid here".into()),
                    )
                },
            ],
        ),
        case("changes_are_atomic", Verdict::Fail, vec![known]),
        case(
            "changes_are_logged",
            Verdict::Unsupported("the target's log has no record of a reload".into()),
            vec![result(
                Check::OneSuccessRecord,
                Level::Must,
                Verdict::Unsupported("the target's log has no record of a reload".into()),
            )],
        ),
        case(
            "bursts_end_with_the_last",
            Verdict::Inconclusive("the machine was held up".into()),
            vec![CheckResult {
                trials: Some(3),
                ..result(
                    Check::LastWins,
                    Level::Must,
                    Verdict::Inconclusive("3 trials, at least 5 are needed".into()),
                )
            }],
        ),
        case(
            "connections_persist",
            Verdict::NotRun("there is no made-proxy".into()),
            Vec::new(),
        ),
        case(
            "deletion_is_survived",
            Verdict::Error(format!("failed to start made-proxy: {}", nasty())),
            Vec::new(),
        ),
    ];
    let stale =
        vec!["changes_are_applied takes_effect: listed as a deviation, but it did not fail".to_owned()];
    run("swift", cases, stale)
}

/// A run in which all is well.
pub(crate) fn all_passed() -> RunReport {
    let passed = |id: &str, trials| case(id, Verdict::Pass, vec![passed(Check::TakesEffect, trials)]);
    run(
        "sound",
        vec![
            passed("changes_are_applied", 24),
            passed("changes_are_atomic", 2_400),
        ],
        Vec::new(),
    )
}

fn run(variant: &str, cases: Vec<CaseReport>, stale: Vec<String>) -> RunReport {
    let footer = conclude::footer(&cases, stale, false, 12_340);
    RunReport {
        header: RunHeader {
            schema: SCHEMA,
            suite: "0.1.0".into(),
            started_unix_s: 1_700_000_000,
            target: facts(variant),
            cases: cases.iter().map(|case| case.case.clone()).collect(),
            strict: false,
            profile: Profile::Core,
        },
        cases,
        footer,
    }
}

fn facts(variant: &str) -> TargetFacts {
    TargetFacts {
        name: "made".into(),
        variant: Some(variant.into()),
        version: Some("1.2.3".into()),
        binary: "made-proxy".into(),
        binary_sha256: "00".repeat(32),
        trigger: TriggerKind::Signal,
        also: Vec::new(),
        answers_lines: false,
        settle: None,
        markers: Marker::ALL.to_vec(),
        capabilities: vec![Capability::Ack],
        deliveries: vec![Delivery::RenameOver, Delivery::InPlace],
        misspelt: None,
        flaws: vec![Flaw::Duplicate, Flaw::Truncated],
        apply_bound_ms: 5_000,
        apply_bound_source: Some("https://example.org/manual#interval".into()),
        ready_within_ms: 10_000,
        drain_bound_ms: 10_000,
        release_bound_ms: None,
        restart_only: None,
        pid_file: None,
        health: None,
        outside: None,
        stop_within_ms: 10_000,
        log: LogPatterns::default(),
        readings: reloadspec::vocabulary::Readings::default(),
        settings: BTreeMap::from([("workers 2".into(), "the fewest that can disagree".into())]),
        origins: 4,
    }
}

fn case(id: &str, verdict: Verdict, checks: Vec<CheckResult>) -> CaseReport {
    CaseReport {
        case: id.into(),
        area: Area::HotReload,
        level: Level::Must,
        evidence: (verdict == Verdict::Fail).then(|| format!("reports/evidence/made-swift/{id}")),
        verdict,
        known_deviation: conclude::is_known(&checks),
        inapplicable: None,
        checks,
        took_ms: 1_250,
    }
}

fn result(check: Check, level: Level, verdict: Verdict) -> CheckResult {
    CheckResult {
        check,
        subject: None,
        level,
        verdict,
        trials: None,
        figure: None,
        finding: None,
        deviation: None,
    }
}

fn passed(check: Check, trials: u64) -> CheckResult {
    CheckResult {
        trials: Some(trials),
        ..result(check, Level::Must, Verdict::Pass)
    }
}

fn failed(check: Check, expected: &str, observed: &str) -> CheckResult {
    let finding = Finding {
        requirement: check.requirement().into(),
        ..finding(expected, observed)
    };
    CheckResult {
        trials: Some(24),
        finding: Some(finding),
        ..result(check, Level::Must, Verdict::Fail)
    }
}

fn finding(expected: &str, observed: &str) -> Finding {
    Finding {
        requirement: "95 of 100 changes are effective within 250 ms".into(),
        expected: expected.into(),
        observed: observed.into(),
        requests: vec![17, 19],
        at: Some(1_500_000_000),
    }
}
