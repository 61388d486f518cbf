//! Files that are bad, and files that are gone.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::judge;
use reloadspec::vocabulary::{Check, Event, Flaw, Generation, Request, TriggerKind, Verdict};

use super::{fails_even_if_stalled, insert, is_fresh_load, log, lost, stalled, taint};
use crate::asking::{case, change, fails_by, history, is_load, verdicts, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_marker_of_a_bad_file_speaks_against_it_whenever_it_comes(
        traits in plain(), pick: Index, nth in 0..7_usize, which in 0..3_usize, kept: bool,
    ) {
        let case = case("invalid_hot_reload");
        let mut timeline = history(&case, &traits);
        let write = writes(&timeline).into_iter().filter(|write| write.flaw.is_some()).nth(nth).cloned();
        let write = write.expect("a bad file");
        let load = |r: &Request| is_load(r) && r.is_fresh() != kept && r.at > write.begin;
        change(&mut timeline, pick, load, |r| taint(r, write.generation, which));
        let results = judge(&case, &timeline);
        let mine = results.iter().find(|result| {
            result.check == Check::RejectedChangesNothing && result.subject.as_deref() == write.flaw.map(Flaw::name)
        });
        prop_assert_eq!(mine.map(|result| &result.verdict), Some(&Verdict::Fail));
        fails_even_if_stalled(&case, &timeline, &[Check::RejectedChangesNothing]);
    }

    #[test]
    fn an_error_or_a_lost_request_after_a_bad_file_speaks_against_it(
        traits in plain(), pick: Index, outcome in lost(),
    ) {
        let case = case("invalid_hot_reload");
        let mut timeline = history(&case, &traits);
        let bad = writes(&timeline).into_iter().find(|write| write.flaw.is_some()).cloned().expect("a bad file");
        let until = bad.at + 100 * MS;
        change(
            &mut timeline,
            pick,
            |r| is_fresh_load(r) && r.begin > bad.at && r.at < until,
            |r| r.outcome = outcome.clone(),
        );
        fails_even_if_stalled(&case, &timeline, &[Check::RejectedChangesNothing]);
    }

    #[test]
    fn a_return_to_an_old_generation_after_a_bad_file_speaks_against_it(traits in plain(), pick: Index) {
        let case = case("invalid_hot_reload");
        let traits = Traits { silent_on: Some(Flaw::Empty), ..traits };
        let mut timeline = history(&case, &traits);
        let bad = writes(&timeline).into_iter().find(|write| write.flaw == Some(Flaw::Truncated)).cloned();
        let bad = bad.expect("a truncated file");
        let until = bad.at + 100 * MS;
        change(
            &mut timeline,
            pick,
            |r| is_fresh_load(r) && r.begin > bad.at && r.at < until,
            |r| taint(r, Generation(1), 4),
        );
        // The silence on the one before only makes time pass, so that older windows have closed.
        fails_by(&case, &timeline, vec![Check::RejectedChangesNothing, Check::RejectionIsObserved]);
        fails_by(&case, &stalled(&timeline), vec![Check::RejectedChangesNothing]);
    }

    #[test]
    fn a_refusal_without_a_word_is_not_observed(traits in plain(), nth in 0..7_usize) {
        let case = case("invalid_hot_reload");
        let trigger = match traits.trigger {
            TriggerKind::Command | TriggerKind::Http | TriggerKind::Socket => TriggerKind::Signal,
            other => other,
        };
        let silent = Traits { trigger, silent_on: Flaw::GENERAL.get(nth).copied(), ..traits };
        let timeline = history(&case, &silent);
        fails_by(&case, &timeline, vec![Check::RejectionIsObserved]);
        let results = judge(&case, &stalled(&timeline));
        prop_assert_eq!(verdicts(&results, Check::RejectionIsObserved)[nth].word(), "inconclusive");
    }

    #[test]
    fn a_bad_file_that_blocks_the_next_good_one_is_no_recovery(traits in plain(), index in 0..7_usize) {
        let case = case("invalid_hot_reload");
        let late = Traits { trigger: TriggerKind::Signal, late: Some((index, 3_000, false)), ..traits };
        let results = fails_by(&case, &history(&case, &late), vec![Check::Recovers]);
        prop_assert_eq!(verdicts(&results, Check::Recovers)[index].word(), "fail");
    }

    #[test]
    fn a_second_missing_record_is_one_too_many_and_none_is_weak(traits in plain()) {
        let case = case("deletion");
        let timeline = history(&case, &traits);
        let deleted = timeline.events.iter().find_map(|event| match event {
            Event::Deleted { at, .. } => Some(*at),
            _ => None,
        }).unwrap_or_default();
        let mut twice = timeline.clone();
        insert(&mut twice, log(deleted + 900 * MS, "WARN config missing: still"));
        fails_by(&case, &twice, vec![Check::WarnsAtMostOnce]);
        let mut never = timeline;
        never.events.retain(|event| !matches!(event, Event::Log { line, .. } if line.contains("missing")));
        let results = fails_by(&case, &never, vec![]);
        let told = traits.acknowledges();
        prop_assert_eq!(weak(&results).is_empty(), told);
    }

    #[test]
    fn an_interruption_while_the_file_is_gone_is_named(traits in plain(), pick: Index, outcome in lost()) {
        let case = case("deletion");
        let mut timeline = history(&case, &traits);
        let deleted = timeline.events.iter().find_map(|event| match event {
            Event::Deleted { at, .. } => Some(*at),
            _ => None,
        }).unwrap_or_default();
        let until = deleted + 1_000 * MS;
        change(
            &mut timeline,
            pick,
            |r| is_fresh_load(r) && r.begin > deleted && r.at < until,
            |r| r.outcome = outcome.clone(),
        );
        fails_even_if_stalled(&case, &timeline, &[Check::ServesOnWithoutFile]);
    }

    #[test]
    fn a_file_that_is_not_seen_again_takes_no_effect(traits in plain()) {
        let case = case("deletion");
        let late = Traits { trigger: TriggerKind::Watch, late: Some((0, 3_000, false)), ..traits };
        fails_by(&case, &history(&case, &late), vec![Check::TakesEffect]);
    }
}
