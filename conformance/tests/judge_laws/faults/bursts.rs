//! Bursts that end elsewhere.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Event, Generation, TriggerKind};

use super::{closed, fails_even_if_stalled, is_fresh_load, taint};
use crate::asking::{case, change, fails_by, history};
use crate::config;
use crate::traits::{Traits, plain};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_older_answer_after_a_burst_goes_backwards(traits in plain(), pick: Index, older in 1..50_u32) {
        let case = case("rapid");
        let mut timeline = history(&case, &traits);
        let closed = closed(&timeline, traits.bound_ms);
        change(
            &mut timeline,
            pick,
            |r| is_fresh_load(r) && r.connect > closed,
            |r| taint(r, Generation(older), 4),
        );
        fails_even_if_stalled(&case, &timeline, &[Check::LastWins, Check::NeverBackwards]);
    }

    #[test]
    fn a_burst_that_ends_on_another_generation_is_not_won_by_the_last(traits in plain(), older in 2..50_u32) {
        let case = case("rapid");
        // Nobody acknowledges what is not so.
        let mut timeline = history(&case, &Traits { trigger: TriggerKind::Watch, ..traits });
        for event in &mut timeline.events {
            if let Event::Request(request) = event
                && request.generation() > Some(Generation(older))
            {
                taint(request, Generation(older), 4);
            }
        }
        fails_by(&case, &timeline, vec![Check::LastWins]);
    }
}
