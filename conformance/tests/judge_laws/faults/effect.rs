//! A change that is late, and an old configuration that does not let go.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::{judge, verdict};
use reloadspec::vocabulary::{Check, Event, Generation, TriggerKind, Verdict};

use super::{closed, fails_even_if_stalled, insert, is_fresh_load, is_kept_load, stalled, taint};
use crate::asking::{case, change, fails_by, history, told, verdicts, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_older_answer_past_the_window_is_mixing(traits in plain(), pick: Index) {
        let case = case("applies_hot_reload");
        let mut timeline = history(&case, &traits);
        let closed = closed(&timeline, traits.bound_ms);
        change(&mut timeline, pick, |r| is_fresh_load(r) && r.connect > closed, |r| taint(r, Generation(3), 4));
        let expected = [Check::MixingWindowCloses, Check::CredentialTakesEffect];
        fails_even_if_stalled(&case, &timeline, &expected);
        prop_assert_eq!(weak(&judge(&case, &timeline)), [Check::NoMixing]);
    }

    #[test]
    fn an_older_answer_after_an_acknowledgement_is_mixing(traits in plain(), pick: Index, http: bool) {
        let trigger = if http { TriggerKind::Http } else { TriggerKind::Command };
        let case = case("applies_hot_reload");
        let mut timeline = history(&case, &Traits { trigger, ..traits });
        let acknowledged = timeline.events.iter().rev().find_map(|event| match event {
            Event::Trigger { at, .. } => Some(*at),
            _ => None,
        }).unwrap_or_default();
        let soon = acknowledged + 50 * MS;
        change(
            &mut timeline,
            pick,
            |r| is_fresh_load(r) && r.connect > acknowledged && r.connect < soon,
            |r| taint(r, Generation(3), 4),
        );
        fails_even_if_stalled(&case, &timeline, &[Check::MixingWindowCloses, Check::CredentialTakesEffect]);
    }

    #[test]
    fn overlapping_requests_are_not_after(traits in plain(), pick: Index) {
        let case = case("applies_hot_reload");
        let mut timeline = history(&case, &Traits { trigger: TriggerKind::Signal, ..traits.clone() });
        let closed = closed(&timeline, traits.bound_ms);
        change(&mut timeline, pick, |r| is_fresh_load(r) && r.connect > closed, |r| {
            (r.connect, r.begin) = (closed, closed);
            taint(r, Generation(3), 4);
        });
        fails_by(&case, &timeline, vec![]);
    }

    #[test]
    fn an_older_answer_on_a_kept_connection_is_no_mixing(traits in plain(), pick: Index) {
        for (case, follow) in [(case("applies_hot_reload"), vec![Check::KeptConnectionsFollow]), (case("rapid"), vec![])] {
            let mut timeline = history(&case, &traits);
            let closed = closed(&timeline, traits.bound_ms);
            change(
                &mut timeline,
                pick,
                |r| is_kept_load(r) && r.begin > closed,
                |r| taint(r, Generation(3), 4),
            );
            prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), follow);
        }
    }

    #[test]
    fn the_old_credential_past_the_window_is_named(traits in plain(), pick: Index) {
        let case = case("applies_hot_reload");
        let mut timeline = history(&case, &traits);
        let closed = closed(&timeline, traits.bound_ms);
        change(&mut timeline, pick, |r| is_fresh_load(r) && r.connect > closed, |r| taint(r, Generation(3), 2));
        fails_even_if_stalled(&case, &timeline, &[Check::CredentialTakesEffect]);
    }

    #[test]
    fn a_request_that_also_reached_the_old_origin_is_named(traits in plain(), pick: Index) {
        let case = case("applies_hot_reload");
        let mut timeline = history(&case, &traits);
        let closed = closed(&timeline, traits.bound_ms);
        let id = change(&mut timeline, pick, |r| is_fresh_load(r) && r.connect > closed, |_| {});
        let arrived = timeline.events.iter().find_map(|event| match event {
            Event::Arrival(arrival) if arrival.request == Some(id) => Some(arrival.clone()),
            _ => None,
        });
        let mut again = arrived.expect("it arrived");
        again.origin = Generation(3).origin_name(crate::paper::ORIGINS);
        again.at -= 1;
        insert(&mut timeline, Event::Arrival(again));
        fails_even_if_stalled(&case, &timeline, &[Check::OldOriginGetsNothing]);
    }

    #[test]
    fn a_change_that_is_late_does_not_take_effect(traits in plain(), index in 0..3_usize, patient: bool) {
        let case = case("applies_hot_reload");
        let late = Traits { trigger: TriggerKind::Watch, late: Some((index, 2_050, patient)), ..traits };
        let timeline = history(&case, &late);
        let results = fails_by(&case, &timeline, vec![Check::TakesEffect]);
        prop_assert_eq!(verdict(&results), Verdict::Fail);
        let results = judge(&case, &stalled(&timeline));
        prop_assert_eq!(verdicts(&results, Check::TakesEffect)[0].word(), "inconclusive");
        prop_assert_eq!(verdict(&results).word(), "inconclusive", "{:#?}", told(&results));
    }

    #[test]
    fn a_lag_of_a_quarter_of_the_bound_excuses_a_late_effect_and_less_does_not(by in 300..700_u64) {
        let case = case("detects");
        let mut timeline = history(&case, &Traits { late: Some((29, 2_050, true)), ..Traits::plain(3) });
        let told = writes(&timeline)[29].at;
        insert(&mut timeline, Event::Lag { at: told + 1_500 * MS, by: by * MS });
        let results = judge(&case, &timeline);
        let word = if by >= 500 { "inconclusive" } else { "fail" };
        let words: Vec<_> = verdicts(&results, Check::TakesEffect).iter().map(|verdict| verdict.word()).collect();
        prop_assert_eq!(words, ["pass", word, "pass", "pass", "pass"]);
        // An excuse for one change is none for another.
        let also = history(&case, &Traits { late: Some((28, 2_050, true)), ..Traits::plain(3) });
        prop_assert_eq!(verdicts(&judge(&case, &also), Check::TakesEffect)[1].word(), "fail");
    }
}
