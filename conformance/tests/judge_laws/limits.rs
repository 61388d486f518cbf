//! What says too little is no pass; what makes no sense is no panic; and how verdicts add up.

use proptest::prelude::*;
use reloadspec::catalogue;
use reloadspec::judge::{judge, verdict};
use reloadspec::vocabulary::{
    Case, Check, CheckResult, Event, Level, Markers, Outcome, Phase, Request, Timeline, Verdict,
};

use crate::asking::{answered, case, change, failed, history, is_load, markers, told, verdicts};
use crate::config;
use crate::traits::{Traits, peculiar, plain};

fn own_musts_that_pass(case: &Case, timeline: &Timeline) -> Vec<Check> {
    judge(case, timeline)
        .iter()
        .filter(|result| result.level == Level::Must && !Check::UNASKED.contains(&result.check))
        .filter(|result| result.verdict == Verdict::Pass)
        .map(|result| result.check)
        .collect()
}

fn every_answer(timeline: &Timeline, outcome: &Outcome) -> Timeline {
    let mut timeline = timeline.clone();
    for event in &mut timeline.events {
        if let Event::Request(request) = event {
            request.outcome = outcome.clone();
        }
    }
    timeline
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_run_that_broke_off_never_passes(traits in plain(), share in 0..100_usize) {
        for case in catalogue::all() {
            let mut timeline = history(&case, &traits);
            let last = timeline.events.iter().rposition(|event| matches!(event, Event::Waited { .. }));
            // In the midst of what is done, at the latest before the last thing that was waited for.
            timeline.events.truncate(last.unwrap_or_default() * share / 100);
            let results = judge(&case, &timeline);
            prop_assert_eq!(verdict(&results).word(), "inconclusive", "{}: {:#?}", case.id, told(&results));
            prop_assert_eq!(failed(&results), vec![]);
        }
    }

    #[test]
    fn a_target_is_judged_by_the_markers_that_it_bears(traits in plain(), bears in 1..4_usize) {
        for case in catalogue::all() {
            let mut timeline = history(&case, &traits);
            timeline.target.markers.truncate(bears);
            let borne = timeline.target.markers.clone();
            for event in &mut timeline.events {
                if let Event::Request(Request { outcome: Outcome::Answered { markers, .. }, .. }) = event {
                    // The origin shows itself, whether it is chosen by the configuration or not.
                    *markers = Markers { origin: markers.origin.clone(), ..markers.only(&borne) };
                }
            }
            let results = judge(&case, &timeline);
            prop_assert_eq!(failed(&results), vec![], "{}: {:#?}", case.id, told(&results));
            for verdict in verdicts(&results, Check::NeverTorn) {
                prop_assert_eq!(verdict.word(), if bears < 2 { "unsupported" } else { "pass" });
            }
            for verdict in verdicts(&results, Check::CredentialTakesEffect) {
                prop_assert_eq!(verdict.word(), "unsupported");
            }
        }
    }

    #[test]
    fn without_traffic_nothing_about_traffic_passes(traits in plain()) {
        for case in catalogue::all() {
            let mut timeline = history(&case, &traits);
            timeline.events.retain(|event| !matches!(event, Event::Request(_) | Event::Handshake(_)));
            let passed = own_musts_that_pass(&case, &timeline);
            let of_logs =
                [Check::OneSuccessRecord, Check::NoRecordAtStart, Check::RecordIsInformational, Check::WarnsAtMostOnce,
                 Check::RejectionIsObserved, Check::RejectionNamesCause, Check::RejectionNamesMember, Check::RejectionIsToldOnce, Check::NoFalseRecord, Check::DeclaredIsThere, Check::AgreesWithReload,
                 Check::LeavesNoTrace, Check::NoRecordOfSame, Check::ErrorIsCleared, Check::NoSecretShown, Check::PeakIsBounded, Check::FailedTriggerSaysSo, Check::FailureIsReported, Check::SurvivesEarlySignal, Check::RestartIsReported, Check::AdminStays];
            prop_assert!(passed.iter().all(|check| of_logs.contains(check)), "{}: {:?}", case.id, passed);
        }
    }

    #[test]
    fn a_failure_of_the_harness_is_nobodys_pass_and_nobodys_fault(
        traits in plain(), pick: proptest::sample::Index,
    ) {
        for case in catalogue::all() {
            let mut timeline = history(&case, &traits);
            if case.unsupported_by(&timeline.target).is_some() {
                continue;
            }
            let answered = |r: &Request| matches!(r.outcome, Outcome::Answered { .. });
            change(&mut timeline, pick, answered, |request| {
                request.outcome = Outcome::Harness { detail: "EMFILE".into() };
            });
            let results = judge(&case, &timeline);
            prop_assert_eq!(failed(&results), vec![], "{:#?}", told(&results));
            prop_assert_eq!(verdict(&results).word(), "inconclusive");
            prop_assert!(results.iter().all(|result| result.verdict != Verdict::Pass));
        }
    }

    #[test]
    fn a_target_that_the_harness_could_not_ask_is_not_late(traits in plain()) {
        let case = case("applies_hot_reload");
        let timeline = every_answer(&history(&case, &traits), &Outcome::Harness { detail: "EADDRNOTAVAIL".into() });
        let results = judge(&case, &timeline);
        prop_assert_eq!(failed(&results), vec![], "{:#?}", told(&results));
        prop_assert_eq!(verdict(&results).word(), "inconclusive");
    }

    #[test]
    fn what_is_no_proxy_earns_no_reload(traits in plain()) {
        let mute = answered(Markers::default());
        let stuck = answered(markers(reloadspec::vocabulary::Generation(1)));
        let silent = Outcome::TimedOut { phase: Phase::Head };
        let closes = Outcome::Ended { phase: Phase::Head };
        let effects =
            [Check::TakesEffect, Check::Recovers, Check::LastWins, Check::InFlightCompletes, Check::NeverTorn,
             Check::MixingWindowCloses, Check::NeverBackwards, Check::OldOriginGetsNothing,
             Check::CredentialTakesEffect, Check::NoFailedRequest, Check::NoSwallowedRequest, Check::BurstRecordsAddUp];
        for case in catalogue::all() {
            let timeline = history(&case, &traits);
            for outcome in [&mute, &stuck, &silent, &closes] {
                let mut timeline = every_answer(&timeline, outcome);
                timeline.events.retain(|event| {
                    !matches!(event, Event::Arrival(_) | Event::Handshake(_))
                        && !matches!(event, Event::Log { line, .. } if line.contains("applied"))
                        && !matches!(event, Event::Trigger { .. })
                });
                let passed = own_musts_that_pass(&case, &timeline);
                prop_assert!(passed.iter().all(|check| !effects.contains(check)), "{}: {:?}", case.id, passed);
                prop_assert!(verdict(&judge(&case, &timeline)) != Verdict::Pass, "{}", case.id);
            }
        }
    }

    #[test]
    fn no_order_of_events_is_too_odd(
        traits in peculiar(), which in 0..catalogue::all().len(), other in 0..catalogue::all().len(), keep in 0..100_usize, salt: u64, origins in 0..4_usize,
        bound in prop_oneof![Just(0_u64), Just(2_000), Just(u64::MAX)],
    ) {
        let case = catalogue::all().swap_remove(which);
        let done = catalogue::all().swap_remove(other);
        let mut timeline = history(&done, &traits);
        let mut random = salt | 1;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        let mut keyed: Vec<(u64, Event)> = timeline.events.drain(..).map(|event| (next(), event)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        keyed.truncate(keyed.len() * keep / 100);
        timeline.events = keyed.into_iter().map(|(_, event)| event).collect();
        for event in &mut timeline.events {
            match event {
                Event::Request(request) if request.id % 7 == 0 => request.at = u64::MAX,
                Event::Config(write) if write.bytes % 2 == 0 => write.at = u64::MAX,
                Event::Lag { by, .. } => *by = u64::MAX,
                _ => {}
            }
        }
        timeline.events.push(Event::Lag { at: u64::MAX, by: u64::MAX });
        timeline.target.origins = origins;
        timeline.target.apply_bound_ms = bound;
        timeline.target.ready_within_ms = bound;
        let results = judge(&case, &timeline);
        for check in Check::UNASKED.into_iter().chain(case.checks.iter().map(|spec| spec.id)) {
            prop_assert!(!verdicts(&results, check).is_empty(), "{} says nothing", check);
        }
        prop_assert_eq!(&results, &judge(&case, &timeline));
    }
}

#[test]
fn an_empty_timeline_is_inconclusive() {
    for case in catalogue::all() {
        let mut timeline = history(&case, &Traits::plain(1));
        timeline.events.clear();
        assert_eq!(verdict(&judge(&case, &timeline)).word(), "inconclusive");
    }
}

#[test]
fn one_origin_cannot_show_that_the_old_one_is_left_alone() {
    let case = case("applies_hot_reload");
    let mut timeline = history(&case, &Traits::plain(1));
    timeline.target.origins = 1;
    let results = judge(&case, &timeline);
    assert_eq!(
        verdicts(&results, Check::OldOriginGetsNothing)[0].word(),
        "unsupported"
    );
}

#[test]
fn too_few_requests_over_the_changes_are_inconclusive() {
    let case = case("atomic");
    let mut timeline = history(&case, &Traits::plain(1));
    timeline
        .events
        .retain(|event| !matches!(event, Event::Request(request) if is_load(request)));
    let results = judge(&case, &timeline);
    for check in [Check::NeverTorn, Check::NoFailedRequest, Check::NoErrorStatus] {
        assert_eq!(verdicts(&results, check)[0].word(), "inconclusive");
    }
}

// === how verdicts add up ===

fn by_rank() -> Vec<Verdict> {
    let why = || "why".to_owned();
    vec![
        Verdict::Error(why()),
        Verdict::Fail,
        Verdict::Inconclusive(why()),
        Verdict::Weak,
        Verdict::Pass,
        Verdict::Observed,
        Verdict::NotRun(why()),
        Verdict::Unsupported(why()),
    ]
}

#[test]
fn the_weightiest_verdict_of_two_is_that_of_both() {
    let ranked = by_rank();
    for (rank, heavier) in ranked.iter().enumerate() {
        for lighter in &ranked[rank..] {
            assert_eq!(&Verdict::of_checks([heavier, lighter]), heavier);
            assert_eq!(&Verdict::of_checks([lighter, heavier]), heavier);
        }
    }
    assert_eq!(Verdict::of_checks([]).word(), "unsupported");
}

fn result(check: Check, verdict: Verdict) -> CheckResult {
    CheckResult {
        check,
        subject: None,
        level: Level::Must,
        verdict,
        trials: None,
        figure: None,
        finding: None,
        deviation: None,
    }
}

#[test]
fn what_was_not_asked_for_speaks_only_against() {
    let unasked = Check::StaysAlive;
    let own = Check::TakesEffect;
    for verdict_of_own in by_rank() {
        let results = [
            result(unasked, Verdict::Pass),
            result(own, verdict_of_own.clone()),
        ];
        assert_eq!(verdict(&results), verdict_of_own);
    }
    let fails = [result(unasked, Verdict::Fail), result(own, Verdict::Pass)];
    assert_eq!(verdict(&fails), Verdict::Fail);
    let unsure = [
        result(unasked, Verdict::Inconclusive("why".into())),
        result(own, Verdict::Unsupported("why".into())),
    ];
    assert_eq!(verdict(&unsure).word(), "inconclusive");
    let unknown = [
        result(Check::NoFatalLine, Verdict::Unsupported("why".into())),
        result(unasked, Verdict::Pass),
        result(own, Verdict::Pass),
    ];
    assert_eq!(verdict(&unknown), Verdict::Pass);
}
