//! A sound target passes, whatever its peculiarities.

use proptest::prelude::*;
use reloadspec::catalogue;
use reloadspec::judge::{judge, verdict};
use reloadspec::vocabulary::{Case, Check, Flaw, Level, Step, Timeline, TriggerKind, Verdict};

use crate::asking::{case, failed, history, told, weak};
use crate::config;
use crate::traits::{Traits, peculiar, plain};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_clean_history_passes_every_check(traits in plain()) {
        for case in catalogue::all() {
            let history = history(&case, &traits);
            if case.unsupported_by(&history.target).is_some() {
                continue;
            }
            let results = judge(&case, &history);
            for result in &results {
                // What is told to reload is not judged for it.
                let figure = traits.trigger != TriggerKind::Watch
                    && matches!(result.check, Check::NoRecordOfSame | Check::SameCutsNothing);
                let expected = if figure || result.level == Level::Observe { Verdict::Observed } else { Verdict::Pass };
                if is_of_signals(result.check) && traits.trigger != TriggerKind::Signal {
                    prop_assert_eq!(result.verdict.word(), "unsupported");
                    continue;
                }
                prop_assert_eq!(&result.verdict, &expected, "{}: {:#?}", case.id, told(&results));
            }
            prop_assert_eq!(verdict(&results), Verdict::Pass);
        }
    }

    #[test]
    fn what_is_a_targets_right_is_weak_at_most(traits in peculiar()) {
        for case in catalogue::all() {
            let history = history(&case, &traits);
            if case.unsupported_by(&history.target).is_some() {
                continue;
            }
            let results = judge(&case, &history);
            prop_assert_eq!(failed(&results), vec![], "{}: {:#?}", case.id, told(&results));
            let mut allowed = vec![Check::P95Within250Ms];
            if traits.mixing_ms > 0 {
                allowed.extend([Check::NoMixing, Check::KeptFollowAtOnce, Check::StreamsFollow]);
            }
            if traits.pins {
                allowed.extend([
                    Check::KeptConnectionsFollow,
                    Check::KeptFollowAtOnce,
                    Check::RollbackIsEffective,
                ]);
            }
            if traits.races {
                allowed.extend([Check::NoKeepaliveRace, Check::NoLostPost]);
            }
            if traits.polite_ends {
                allowed.push(Check::IdleConnectionStays);
            }
            prop_assert!(weak(&results).iter().all(|check| allowed.contains(check)), "{}: {:#?}", case.id, told(&results));
            for result in &results {
                let subject = result.subject.as_deref();
                let taken =
                    traits.takes.iter().any(|flaw| Some(flaw.name()) == subject || rests_on(&case, *flaw));
                let unsure = match result.verdict {
                    Verdict::Unsupported(_) => !taken && !is_of_signals(result.check),
                    // All idle connections may have gone, politely, so that none was left to swallow a request.
                    Verdict::Inconclusive(_) => !(traits.polite_ends && result.check == Check::NoSwallowedRequest),
                    _ => false,
                };
                prop_assert!(!unsure, "{}: {:#?}", case.id, told(&results));
            }
        }
    }

    #[test]
    fn the_same_timeline_gets_the_same_verdicts_from_its_text(traits in peculiar()) {
        for case in catalogue::all() {
            let timeline = history(&case, &traits);
            let text = serde_json::to_string(&timeline).expect("a timeline serialises");
            let read: Timeline = serde_json::from_str(&text).expect("its text is a timeline");
            prop_assert_eq!(&read, &timeline);
            prop_assert_eq!(judge(&case, &read), judge(&case, &timeline));
        }
    }
}

/// Whether a check asks something of those alone that a signal reloads.
fn is_of_signals(check: Check) -> bool {
    check == Check::ReloadTellsItsTime
}

/// Whether a case tries this kind of bad file by its own choice.
fn rests_on(case: &Case, flaw: Flaw) -> bool {
    fn tries(steps: &[Step], flaw: Flaw) -> bool {
        steps.iter().any(|step| match step {
            Step::WithFlaw { flaw: tried, .. } => *tried == flaw,
            step => tries(step.inner(), flaw),
        })
    }
    tries(&case.steps, flaw)
}

#[test]
fn a_documented_longer_bound_is_weak_past_two_seconds() {
    let case = case("detects_config_changes_immediately");
    let traits = Traits {
        bound_ms: 5_000,
        late: Some((3, 3_000, true)),
        ..Traits::plain(11)
    };
    let results = judge(&case, &history(&case, &traits));
    assert_eq!(failed(&results), []);
    assert_eq!(weak(&results), [Check::WithinTwoSeconds]);
}

#[test]
fn a_file_that_is_valid_here_may_do_as_it_says() {
    let case = case("invalid_hot_reload");
    for trigger in [TriggerKind::Watch, TriggerKind::Command] {
        let traits = Traits {
            trigger,
            takes: vec![Flaw::Duplicate, Flaw::Empty],
            pins: true,
            mixing_ms: 300,
            ..Traits::plain(5)
        };
        let results = judge(&case, &history(&case, &traits));
        assert_eq!(failed(&results), [], "{:#?}", told(&results));
        for result in results.iter().filter(|result| result.subject.is_some()) {
            let taken = ["duplicate", "empty"].contains(&result.subject.as_deref().unwrap_or(""));
            let unsupported = matches!(result.verdict, Verdict::Unsupported(_));
            assert_eq!(taken, unsupported, "{:#?}", told(&results));
        }
    }
}
