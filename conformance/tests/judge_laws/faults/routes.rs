//! Routes beside the one for all paths: those that stay, and those that go.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Generation, Held, Markers, Outcome, Phase, Purpose, Request};

use super::fails_even_if_stalled;
use crate::asking::{answered, case, change, fails_by, history, markers, writes};
use crate::config;
use crate::paper::{MS, ORIGINS};
use crate::traits::plain;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_answer_from_elsewhere_on_a_route_that_stays_is_seen(traits in plain(), pick: Index, how in 0..3) {
        let case = case("partial_change_keeps");
        let clean = history(&case, &traits);
        let on_route = |r: &Request| r.route == 1;
        let mut strayed = clean.clone();
        change(&mut strayed, pick, on_route, |request| {
            let generation = request.generation().expect("it was answered");
            match (how, &mut request.outcome) {
                (0, outcome) => *outcome = answered(markers(generation)),
                (1, Outcome::Answered { status, .. }) => *status = 404,
                (_, Outcome::Answered { intact, .. }) => *intact = false,
                _ => {}
            }
        });
        fails_even_if_stalled(&case, &strayed, &[Check::UnchangedRouteStays]);
        // What no answer came to is judged by cases on just that.
        let mut reset = clean;
        change(&mut reset, pick, on_route, |request| {
            request.outcome = Outcome::Reset { phase: Phase::Head };
        });
        fails_by(&case, &reset, vec![]);
    }

    #[test]
    fn a_route_that_goes_is_gone_once_the_window_has_closed(traits in plain(), pick: Index) {
        let case = case("removed_route");
        let mut timeline = history(&case, &traits);
        let write = writes(&timeline)[1].clone();
        let before = crate::asking::requests(&timeline)
            .find(|r| r.route == 1 && r.at < write.begin)
            .map(|r| r.outcome.clone())
            .expect("it was asked before");
        let seen = crate::asking::requests(&timeline).filter(|r| r.is_plain() && r.is_fresh() && r.generation() == Some(write.generation));
        let late = seen.map(|r| r.at).min().expect("it was applied") + (traits.bound_ms + 1) * MS;
        let is_late = |r: &Request| r.route == 1 && r.is_fresh() && r.connect > late;
        change(&mut timeline, pick, is_late, |request| request.outcome = before.clone());
        fails_even_if_stalled(&case, &timeline, &[Check::RemovedRouteIsGone]);
    }

    #[test]
    fn what_is_in_flight_on_a_route_that_goes_finishes(traits in plain(), pick: Index, how in 0..3) {
        let case = case("removed_route");
        let mut timeline = history(&case, &traits);
        let held = |r: &Request| r.purpose == Purpose::Held(Held::Request);
        change(&mut timeline, pick, held, |request| match (how, &mut request.outcome) {
            (0, Outcome::Answered { intact, .. }) => *intact = false,
            (1, Outcome::Answered { status, .. }) => *status = 502,
            (_, outcome) => *outcome = Outcome::Ended { phase: Phase::Head },
        });
        fails_even_if_stalled(&case, &timeline, &[Check::RemovedRouteFinishes]);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_shows_of_a_rejected_file_beside_its_markers_is_seen(traits in plain(), pick: Index, how in 0..3) {
        let case = case("nothing_of_a_rejected");
        let mut timeline = history(&case, &traits);
        let refused: Vec<_> = writes(&timeline).into_iter().filter(|write| write.flaw.is_some()).collect();
        let write = (*pick.get(&refused)).clone();
        let is_then = |r: &Request| r.begin >= write.begin && r.at < write.at + 20 * MS && r.purpose == Purpose::Load;
        let older = Generation(write.generation.0 - 1);
        let apart = Markers { origin: Some(format!("o{ORIGINS}")), ..markers(older) };
        let is_there = |r: &Request| match how {
            0 => !r.listener.is_first(),
            1 => r.route == 1,
            _ => r.route == 2,
        };
        let shows = if how == 2 { apart } else { markers(older) };
        change(&mut timeline, pick, |r| is_then(r) && is_there(r), |r| r.outcome = answered(shows.clone()));
        fails_even_if_stalled(&case, &timeline, &[Check::NothingLeaks]);
    }
}
