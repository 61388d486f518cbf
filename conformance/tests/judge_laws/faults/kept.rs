//! Kept connections that stay behind, end without a word or take a request with them, and connects that nobody takes.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::judge::judge;
use reloadspec::vocabulary::{
    Check, Event, Generation, Held, Outcome, Phase, Purpose, Request, TargetFacts, Verdict,
};

use super::{fails_even_if_stalled, is_fresh_load, is_kept_load, taint};
use crate::asking::{case, change, fails_by, history, ready, requests, verdicts, weak, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_older_answer_once_drained_has_not_followed(traits in plain(), pick: Index) {
        let case = case("kept_alive");
        let mut timeline = history(&case, &Traits { pins: true, ..traits });
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::KeptFollowAtOnce]);
        let before = ready(&timeline) + MS;
        let end = timeline.events.last().map_or(0, Event::at);
        // Past the drain, whose end the history waits for, and on a connection that is as old as the process.
        let late = |r: &Request| is_kept_load(r) && r.begin > end - 150 * MS;
        change(&mut timeline, pick, late, |r| {
            r.connect = before;
            taint(r, Generation(1), 4);
        });
        fails_even_if_stalled(&case, &timeline, &[Check::KeptFollowOnceDrained]);
        // Where the drain takes longer than anybody waits, it is not judged.
        timeline.target = TargetFacts { drain_bound_ms: 600_000, ..timeline.target };
        let results = fails_by(&case, &timeline, vec![]);
        prop_assert!(matches!(verdicts(&results, Check::KeptFollowOnceDrained)[0], Verdict::Unsupported(_)));
    }

    #[test]
    fn an_older_answer_once_the_newer_was_seen_has_not_followed_at_once(traits in plain(), pick: Index) {
        let case = case("kept_alive");
        let mut timeline = history(&case, &traits);
        let newest = writes(&timeline).last().map(|write| (write.begin, write.generation));
        let (written, generation) = newest.expect("a change");
        let seen = requests(&timeline)
            .filter(|r| r.is_fresh() && r.generation() >= Some(generation))
            .map(|r| r.at)
            .min()
            .expect("it was seen");
        let late = |r: &Request| is_kept_load(r) && r.begin > seen && r.connect < written;
        change(&mut timeline, pick, late, |r| taint(r, Generation(generation.0 - 1), 4));
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::KeptFollowAtOnce]);
    }

    #[test]
    fn a_connection_that_ends_after_an_answer_that_does_not_say_so_is_not_announced(
        traits in plain(), pick: Index, noticed: bool,
    ) {
        let case = case("retirement");
        let mut timeline = history(&case, &traits);
        let second = |r: &Request| r.purpose == Purpose::Held(Held::Pair) && !r.is_fresh();
        change(&mut timeline, pick, second, |r| {
            r.outcome = if noticed { Outcome::NotSent } else { Outcome::Ended { phase: Phase::Head } };
        });
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::RetirementIsAnnounced]);
    }

    #[test]
    fn a_post_that_is_sent_and_not_answered_is_lost(traits in plain(), pick: Index, reset: bool) {
        let case = case("keepalive_close");
        let mut timeline = history(&case, &traits);
        let stops: Vec<u64> = timeline.events.iter().filter(|event| matches!(event, Event::StopAsked { .. })).map(Event::at).collect();
        // One that is under way as the process is asked to stop is not judged.
        let is_over = |r: &Request| !stops.iter().any(|stop| (r.begin..=r.at).contains(stop));
        let kept = |r: &Request| r.purpose == Purpose::Post && !r.is_fresh() && is_over(r);
        let mut noticed = timeline.clone();
        change(&mut noticed, pick, kept, |r| r.outcome = Outcome::NotSent);
        prop_assert_eq!(weak(&judge(&case, &noticed)), []);
        let phase = Phase::Head;
        change(&mut timeline, pick, kept, |r| {
            r.outcome = if reset { Outcome::Reset { phase } } else { Outcome::Ended { phase } };
        });
        prop_assert_eq!(weak(&fails_by(&case, &timeline, vec![])), [Check::NoLostPost]);
    }

    #[test]
    fn a_connect_that_nobody_takes_is_lost(traits in plain(), pick: Index, refused: bool) {
        let case = case("no_connect_refused");
        let mut timeline = history(&case, &traits);
        let phase = Phase::Connect;
        change(&mut timeline, pick, is_fresh_load, |r| {
            r.outcome = if refused { Outcome::Refused } else { Outcome::Reset { phase } };
        });
        let both = [Check::NoConnectLost, Check::NoRefusedConnect];
        fails_even_if_stalled(&case, &timeline, if refused { &both } else { &both[..1] });
    }

    #[test]
    fn an_event_stream_with_a_gap_is_not_complete(traits in plain(), pick: Index) {
        let case = case("server_sent");
        let mut timeline = history(&case, &traits);
        let events = |r: &Request| r.purpose == Purpose::Held(Held::Events);
        change(&mut timeline, pick, events, |r| {
            if let Outcome::Answered { intact, .. } = &mut r.outcome {
                *intact = false;
            }
        });
        fails_even_if_stalled(&case, &timeline, &[Check::InFlightCompletes]);
    }
}
