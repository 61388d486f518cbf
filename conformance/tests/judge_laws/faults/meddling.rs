//! A file that is written again as it was, or that cannot be read for a while.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::{judge, verdict};
use reloadspec::vocabulary::{Check, Event, Held, Outcome, Phase, Purpose, Request, Timeline, TriggerKind};

use super::{fails_even_if_stalled, insert, is_fresh_load, log, lost, stalled};
use crate::asking::{case, change, fails_by, history, verdicts, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

/// When each thing was done to the file besides its delivery.
fn meddled(timeline: &Timeline) -> Vec<u64> {
    fn at(event: &Event) -> Option<u64> {
        match event {
            Event::Meddled { at, .. } => Some(*at),
            _ => None,
        }
    }
    timeline.events.iter().filter_map(at).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_record_of_the_same_is_no_record_of_a_change(traits in plain(), touched: bool, after in 1..900_u64) {
        let case = case("unchanged_content");
        let mut timeline = history(&case, &traits);
        let at = meddled(&timeline)[usize::from(touched)] + after * MS;
        insert(&mut timeline, log(at, "INFO config applied: proxy.yaml"));
        if traits.trigger == TriggerKind::Watch {
            fails_even_if_stalled(&case, &timeline, &[Check::NoRecordOfSame]);
        } else {
            fails_by(&case, &timeline, vec![]);
        }
    }

    #[test]
    fn what_is_cut_for_the_same_is_cut_for_nothing(traits in plain(), pick: Index, how in 0..3) {
        let case = case("unchanged_content");
        let mut timeline = history(&case, &traits);
        let held = |r: &Request| matches!(r.purpose, Purpose::Held(what) if what == Held::Idle || how > 0);
        change(&mut timeline, pick, held, |request| {
            request.outcome = match how {
                0 => Outcome::NotSent,
                1 => Outcome::Ended { phase: Phase::Body },
                _ => Outcome::Reset { phase: Phase::Body },
            };
        });
        if traits.trigger == TriggerKind::Watch {
            fails_even_if_stalled(&case, &timeline, &[Check::SameCutsNothing]);
        } else {
            let results = fails_by(&case, &timeline, vec![]);
            prop_assert_eq!(verdicts(&results, Check::SameCutsNothing)[0].word(), "observed");
        }
    }

    #[test]
    fn what_is_said_of_a_bad_file_that_is_gone_is_said_too_long(traits in plain(), after in 260..1_100_u64) {
        let case = case("revert_to_active_content");
        let timeline = history(&case, &traits);
        let gone = meddled(&timeline)[0];
        let mut still = timeline.clone();
        insert(&mut still, log(gone + after * MS, "ERROR config rejected: syntax"));
        let told = traits.trigger == TriggerKind::Watch || traits.trigger == TriggerKind::Signal;
        fails_even_if_stalled(&case, &still, &[Check::ErrorIsCleared]);
        let mut taken = timeline.clone();
        insert(&mut taken, log(gone + after * MS, "INFO config applied: proxy.yaml"));
        let expected: &[Check] = if traits.trigger == TriggerKind::Watch { &[Check::NoRecordOfSame] } else { &[] };
        fails_even_if_stalled(&case, &taken, expected);
        let mut once = timeline;
        let second = writes(&once)[2].begin;
        once.events.retain(|event| {
            !matches!(event, Event::Log { at, line, .. } if *at > second && line.contains("rejected"))
        });
        if told {
            // It was not waited for on paper for as long as it would be.
            let results = fails_by(&case, &once, vec![]);
            prop_assert_eq!(verdicts(&results, Check::RejectionIsObserved)[0].word(), "inconclusive");
        }
    }

    #[test]
    fn changes_that_never_pause_starve_who_waits_for_a_pause(traits in plain()) {
        let case = case("sustained_churn");
        let late = Some((7, 1, true));
        let timeline = history(&case, &Traits { late, ..traits });
        fails_by(&case, &timeline, vec![Check::NotStarved]);
        prop_assert_eq!(verdict(&judge(&case, &stalled(&timeline))).word(), "inconclusive");
    }

    #[test]
    fn a_file_that_cannot_be_read_interrupts_nothing(
        traits in plain(), pick: Index, outcome in lost(), which in 0..4_usize,
    ) {
        let (case, nth) = [("permission_lost", 0), ("directory_fifo", 0), ("directory_fifo", 1), ("rename_away", 0)]
            .map(|(id, nth)| (case(id), nth))[which].clone();
        let mut timeline = history(&case, &traits);
        if case.unsupported_by(&timeline.target).is_some() {
            return Ok(());
        }
        let from = meddled(&timeline)[nth];
        let until = writes(&timeline).iter().map(|write| write.begin).find(|begin| *begin > from);
        let until = until.expect("a change follows");
        let meanwhile = |r: &Request| is_fresh_load(r) && r.begin > from && r.at < until;
        change(&mut timeline, pick, meanwhile, |request| request.outcome = outcome.clone());
        fails_even_if_stalled(&case, &timeline, &[Check::ServesOnWithoutFile]);
    }

    #[test]
    fn a_change_after_one_that_could_not_be_read_is_to_be_seen(traits in plain(), which in 0..5_usize) {
        let (id, nth) = [("rename_away", 1), ("rename_away", 2), ("permission_lost", 1), ("directory_fifo", 0), ("directory_fifo", 1)][which];
        let case = case(id);
        let late = Some((nth, 3_000, false));
        let timeline = history(&case, &Traits { trigger: TriggerKind::Watch, late, ..traits });
        fails_by(&case, &timeline, vec![Check::TakesEffect]);
        prop_assert_eq!(verdict(&judge(&case, &stalled(&timeline))).word(), "inconclusive");
    }

    #[test]
    fn what_cannot_be_read_is_told_of_once(traits in plain(), after in 50..200_u64) {
        let case = case("permission_lost");
        let timeline = history(&case, &traits);
        let mut twice = timeline.clone();
        insert(&mut twice, log(meddled(&timeline)[0] + after * MS, "WARN config missing: still"));
        fails_even_if_stalled(&case, &twice, &[Check::WarnsAtMostOnce]);
        let mut never = timeline;
        never.events.retain(|event| !matches!(event, Event::Log { line, .. } if line.contains("missing")));
        let told = traits.acknowledges();
        prop_assert_eq!(weak(&fails_by(&case, &never, vec![])).is_empty(), told);
    }
}

#[test]
fn who_is_sent_the_content_never_looks_at_the_path() {
    let mut target = history(&case("permission_lost"), &Traits::plain(1)).target;
    for (trigger, unsupported) in [(TriggerKind::Http, true), (TriggerKind::Command, false)] {
        target.trigger = trigger;
        for id in ["permission_lost", "directory_fifo"] {
            assert_eq!(case(id).unsupported_by(&target).is_some(), unsupported);
        }
        assert_eq!(case("unchanged_content").unsupported_by(&target), None);
    }
}
