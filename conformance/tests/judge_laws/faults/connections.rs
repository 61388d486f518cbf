//! What is open over a change.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::judge;
use reloadspec::vocabulary::{Check, Event, Generation, Held, Outcome, Phase, Purpose, Request};

use super::{fails_even_if_stalled, times_out_unless_stalled};
use crate::asking::{answered, case, change, fails_by, history, markers, weak};
use crate::config;
use crate::traits::plain;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_cut_or_changed_in_flight_does_not_complete(traits in plain(), pick: Index, how in 0..4) {
        let case = case("active_connections");
        let mut timeline = history(&case, &traits);
        let held = |r: &Request| matches!(r.purpose, Purpose::Held(what) if what != Held::Idle);
        change(&mut timeline, pick, held, |request| match (how, &mut request.outcome) {
            (0, Outcome::Answered { intact, .. }) => *intact = false,
            (1, outcome) => *outcome = Outcome::Reset { phase: Phase::Body },
            (2, outcome) => *outcome = answered(markers(Generation(2))),
            (_, outcome) => *outcome = Outcome::TimedOut { phase: Phase::Head },
        });
        // An upload that is sent on only when it is whole may be answered by either.
        let late = how == 2 && crate::asking::requests(&timeline).any(|request| {
            request.purpose == Purpose::Held(Held::Upload) && request.generation() == Some(Generation(2))
        }) && !traits.seed.is_multiple_of(2);
        let expected: &[Check] = if late { &[] } else { &[Check::InFlightCompletes] };
        fails_even_if_stalled(&case, &timeline, expected);
    }

    #[test]
    fn a_request_that_was_taken_and_not_answered_is_swallowed(traits in plain(), pick: Index, how in 0..3) {
        let case = case("active_connections");
        let mut timeline = history(&case, &traits);
        let idle = |r: &Request| r.purpose == Purpose::Held(Held::Idle);
        change(&mut timeline, pick, idle, |request| {
            request.outcome = match how {
                0 => Outcome::Ended { phase: Phase::Head },
                1 => Outcome::TimedOut { phase: Phase::Head },
                _ => Outcome::Ended { phase: Phase::Body },
            };
        });
        if how == 1 {
            times_out_unless_stalled(&case, &timeline, Check::NoSwallowedRequest);
        } else {
            fails_even_if_stalled(&case, &timeline, &[Check::NoSwallowedRequest]);
        }
        prop_assert_eq!(weak(&judge(&case, &timeline)), [Check::IdleConnectionStays]);
    }

    #[test]
    fn an_idle_connection_that_ends_before_the_request_is_taken_is_weak(
        traits in plain(), pick: Index, polite: bool,
    ) {
        let case = case("active_connections");
        let mut timeline = history(&case, &traits);
        let idle = |r: &Request| r.purpose == Purpose::Held(Held::Idle);
        let id = change(&mut timeline, pick, idle, |request| {
            request.outcome = if polite { Outcome::NotSent } else { Outcome::Ended { phase: Phase::Head } };
        });
        timeline.events.retain(|event| !matches!(event, Event::Arrival(arrival) if arrival.request == Some(id)));
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), [Check::IdleConnectionStays]);
    }
}
