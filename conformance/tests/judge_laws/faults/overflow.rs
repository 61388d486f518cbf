//! Changes whose events are lost.

use proptest::prelude::*;
use reloadspec::vocabulary::{Check, Event};

use super::stalled;
use crate::asking::{case, fails_by, history, told, verdicts};
use crate::config;
use crate::traits::{Traits, plain};

/// Of the changes of the case, those that come last in an overflow, and those that do not.
const LOST: [usize; 2] = [1, 3];
const OTHERS: [usize; 3] = [0, 2, 4];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_change_that_is_lost_in_an_overflow_is_caught(seed: u64, which in 0..2_usize) {
        let case = case("watch_overflow");
        let traits = Traits { late: Some((LOST[which], 2_500, true)), ..Traits::plain(seed) };
        let timeline = history(&case, &traits);
        fails_by(&case, &timeline, vec![Check::OverflowIsSurvived]);
        let results = fails_by(&case, &stalled(&timeline), vec![]);
        prop_assert_eq!(verdicts(&results, Check::OverflowIsSurvived)[0].word(), "inconclusive");
    }

    #[test]
    fn any_other_change_that_is_lost_is_caught_as_one(seed: u64, which in 0..3_usize) {
        let case = case("watch_overflow");
        let traits = Traits { late: Some((OTHERS[which], 2_500, true)), ..Traits::plain(seed) };
        fails_by(&case, &history(&case, &traits), vec![Check::TakesEffect]);
    }

    #[test]
    fn the_bound_counts_from_when_the_target_went_on(seed: u64, held_ms in 0..10_000_u64) {
        let case = case("watch_overflow");
        let mut timeline = history(&case, &Traits { late: Some((1, 1_900, true)), ..Traits::plain(seed) });
        for event in &mut timeline.events {
            if let Event::Flooded { begin, .. } = event {
                *begin = begin.saturating_sub(held_ms * crate::paper::MS);
            }
        }
        fails_by(&case, &timeline, vec![]);
    }

    #[test]
    fn whoever_cannot_be_flooded_is_not_judged(traits in plain(), first: bool) {
        let case = case("watch_overflow");
        let mut timeline = history(&case, &traits);
        let floods = timeline.events.iter_mut().filter_map(|event| match event {
            Event::Flooded { failed, .. } => Some(failed),
            _ => None,
        });
        let mut floods: Vec<_> = floods.collect();
        let index = if first { 0 } else { floods.len() - 1 };
        *floods[index] = Some("4194304 events are kept here".into());
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::OverflowIsSurvived)[0].word(), "inconclusive", "{:#?}", told(&results));
    }

    #[test]
    fn one_overflow_alone_says_too_little(traits in plain()) {
        let case = case("watch_overflow");
        let mut timeline = history(&case, &traits);
        let last = timeline.events.iter().rposition(|event| matches!(event, Event::Flooded { .. }));
        timeline.events.remove(last.expect("there are two"));
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::OverflowIsSurvived)[0].word(), "inconclusive", "{:#?}", told(&results));
    }
}
