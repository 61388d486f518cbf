//! Under load: torn, lost, refused and erroneous answers.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::verdict;
use reloadspec::vocabulary::{Check, Event, Generation, Markers, Outcome, Phase, Verdict};

use super::{fails_even_if_stalled, is_fresh_load, is_kept_load, lost, taint, times_out_unless_stalled};
use crate::asking::{answered, case, change, fails_by, history, is_load, markers, ready, weak};
use crate::config;
use crate::paper::MS;
use crate::traits::plain;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_torn_answer_is_torn(traits in plain(), pick: Index, which in 0..4_usize) {
        let case = case("atomic");
        let mut timeline = history(&case, &traits);
        change(&mut timeline, pick, is_load, |request| {
            let other = request.generation().map_or(Generation(1), Generation::next);
            taint(request, other, which);
        });
        fails_even_if_stalled(&case, &timeline, &[Check::NeverTorn]);
    }

    #[test]
    fn an_answer_of_no_delivered_generation_is_torn(traits in plain(), pick: Index) {
        let case = case("atomic");
        let mut timeline = history(&case, &traits);
        change(
            &mut timeline,
            pick,
            is_kept_load,
            |request| request.outcome = answered(markers(Generation(999))),
        );
        fails_even_if_stalled(&case, &timeline, &[Check::NeverTorn]);
    }

    #[test]
    fn a_lost_request_is_failed(traits in plain(), pick: Index, outcome in lost()) {
        for case in [case("atomic"), case("rapid")] {
            let mut timeline = history(&case, &traits);
            change(&mut timeline, pick, is_fresh_load, |request| request.outcome = outcome.clone());
            if matches!(outcome, Outcome::TimedOut { .. }) {
                times_out_unless_stalled(&case, &timeline, Check::NoFailedRequest);
            } else {
                fails_even_if_stalled(&case, &timeline, &[Check::NoFailedRequest]);
            }
        }
    }

    #[test]
    fn a_damaged_or_broken_off_answer_is_failed_on_kept_connections_too(
        traits in plain(), pick: Index, cut: bool,
    ) {
        let case = case("atomic");
        let mut timeline = history(&case, &traits);
        change(&mut timeline, pick, is_kept_load, |request| match &mut request.outcome {
            Outcome::Answered { intact, .. } if !cut => *intact = false,
            outcome => *outcome = Outcome::Reset { phase: Phase::Body },
        });
        fails_even_if_stalled(&case, &timeline, &[Check::NoFailedRequest]);
    }

    #[test]
    fn a_refused_connect_is_refused_in_every_case(traits in plain(), pick: Index) {
        for (name, also) in [
            ("atomic", Some(Check::NoFailedRequest)),
            ("applies_hot_reload", None),
            ("deletion", None),
            ("logs_successful", None),
        ] {
            let case = case(name);
            let mut timeline = history(&case, &traits);
            // Deletion and rejection are judged while they last: the first half second is before either.
            let quiet = ready(&timeline) + 90 * MS;
            change(&mut timeline, pick, |r| is_fresh_load(r) && r.at < quiet, |r| r.outcome = Outcome::Refused);
            let expected: Vec<Check> = std::iter::once(Check::NoRefusedConnect).chain(also).collect();
            fails_even_if_stalled(&case, &timeline, &expected);
        }
    }

    #[test]
    fn an_error_of_the_proxys_own_is_an_error_status(traits in plain(), pick: Index, status in 400..600_u16) {
        for case in [case("atomic"), case("rapid")] {
            let mut timeline = history(&case, &traits);
            change(&mut timeline, pick, is_load, |request| {
                request.outcome =
                    Outcome::Answered { status, markers: Markers::default(), intact: true, closes: false };
            });
            fails_even_if_stalled(&case, &timeline, &[Check::NoErrorStatus]);
        }
    }

    #[test]
    fn a_kept_connection_that_ends_before_the_answer_is_a_race(traits in plain(), pick: Index, reset: bool) {
        let case = case("atomic");
        let mut timeline = history(&case, &traits);
        let phase = Phase::Head;
        let id = change(&mut timeline, pick, is_kept_load, |request| {
            request.outcome = if reset { Outcome::Reset { phase } } else { Outcome::Ended { phase } };
        });
        timeline.events.retain(|event| !matches!(event, Event::Arrival(arrival) if arrival.request == Some(id)));
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert_eq!(weak(&results), [Check::NoKeepaliveRace]);
        prop_assert_eq!(verdict(&results), Verdict::Weak);
    }
}
