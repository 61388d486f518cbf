//! Streams of HTTP/2 over changes.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{
    Arrival, Check, Event, Frame, Generation, Listener, Outcome, Phase, Purpose, Request, Says, Verdict,
};

use super::{fails_even_if_stalled, insert, times_out_unless_stalled};
use crate::asking::{answered, case, change, fails_by, history, markers, requests, told, verdicts, writes};
use crate::config;
use crate::traits::plain;

const CASE: &str = "h2_streams";

fn is_stream(request: &Request) -> bool {
    request.listener == Listener::Http2
}

fn is_held(request: &Request) -> bool {
    is_stream(request) && matches!(request.purpose, Purpose::Held(_))
}

fn is_later(request: &Request) -> bool {
    is_stream(request) && request.purpose == Purpose::Load && request.nth > 0
}

fn goes_away(connection: u64, at: u64, last: u32) -> Event {
    Event::Frame(Frame {
        connection,
        at,
        says: Says::GoAway { last, code: 0 },
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_stream_that_is_cut_is_caught(traits in plain(), pick: Index, how in 0..3, held: bool) {
        let mut timeline = history(&case(CASE), &traits);
        let which = if held { is_held } else { is_later };
        change(&mut timeline, pick, which, |request| match (how, &mut request.outcome) {
            (0, Outcome::Answered { intact, .. }) => *intact = false,
            (1, outcome) => *outcome = Outcome::Reset { phase: Phase::Body },
            (_, outcome) => *outcome = Outcome::Ended { phase: Phase::Head },
        });
        fails_even_if_stalled(&case(CASE), &timeline, &[Check::StreamsComplete]);
    }

    #[test]
    fn one_that_comes_to_no_end_is_caught(traits in plain(), pick: Index, held: bool) {
        let mut timeline = history(&case(CASE), &traits);
        let which = if held { is_held } else { is_later };
        change(&mut timeline, pick, which, |request| request.outcome = Outcome::TimedOut { phase: Phase::Head });
        times_out_unless_stalled(&case(CASE), &timeline, Check::StreamsComplete);
    }

    #[test]
    fn one_that_is_refused_unseen_speaks_against_nobody(traits in plain(), pick: Index, sent: bool) {
        let mut timeline = history(&case(CASE), &traits);
        change(&mut timeline, pick, is_later, |request| {
            request.outcome = if sent { Outcome::Unprocessed } else { Outcome::NotSent };
        });
        fails_by(&case(CASE), &timeline, vec![]);
    }

    #[test]
    fn one_that_was_processed_and_is_said_not_to_be_is_caught(traits in plain(), pick: Index, by_goaway: bool) {
        let mut timeline = history(&case(CASE), &traits);
        let id = change(&mut timeline, pick, is_later, |request| request.outcome = Outcome::Unprocessed);
        let request = requests(&timeline).find(|request| request.id == id).cloned().expect("it is there");
        if by_goaway {
            let last = request.stream.expect("it has one") - 2;
            insert(&mut timeline, goes_away(request.connection, request.at, last));
            // What came on that connection thereafter would be past it, too.
            timeline.events.retain(|event| !matches!(event, Event::Request(other)
                if other.connection == request.connection && other.nth > request.nth));
        }
        let arrival = Arrival { connection: None, is_check: false, at: request.begin, origin: "o1".to_owned(), request: Some(id) };
        insert(&mut timeline, Event::Arrival(arrival));
        fails_even_if_stalled(&case(CASE), &timeline, &[Check::GoawayIsHonest]);
    }

    #[test]
    fn an_answer_past_the_last_stream_is_caught(traits in plain(), pick: Index) {
        let mut timeline = history(&case(CASE), &traits);
        let picked: Vec<Request> = requests(&timeline).filter(|request| is_later(request)).cloned().collect();
        let request = pick.get(&picked);
        let last = request.stream.expect("it has one") - 2;
        insert(&mut timeline, goes_away(request.connection, request.begin, last));
        fails_even_if_stalled(&case(CASE), &timeline, &[Check::GoawayIsHonest]);
    }

    #[test]
    fn a_last_stream_that_grows_is_caught(traits in plain(), pick: Index) {
        let mut timeline = history(&case(CASE), &traits);
        let picked: Vec<Request> = requests(&timeline).filter(|request| is_later(request)).cloned().collect();
        let request = pick.get(&picked);
        // Far past all that there is.
        insert(&mut timeline, goes_away(request.connection, request.begin, 100_001));
        fails_by(&case(CASE), &timeline, vec![]);
        insert(&mut timeline, goes_away(request.connection, request.at, 100_003));
        fails_even_if_stalled(&case(CASE), &timeline, &[Check::GoawayIsHonest]);
    }

    #[test]
    fn who_stays_with_the_old_for_being_kept_is_weak(traits in plain(), pick: Index) {
        let mut timeline = history(&case(CASE), &traits);
        let last = writes(&timeline)[2].begin;
        let generation = Generation(writes(&timeline)[2].generation.0 - 1);
        let seen = requests(&timeline)
            .filter(|request| request.is_plain() && request.generation() > Some(generation))
            .map(|request| request.at)
            .min()
            .expect("it was seen");
        let is_old = |request: &Request| is_later(request) && request.connect < last && request.begin > seen;
        change(&mut timeline, pick, is_old, |request| request.outcome = answered(markers(generation)));
        let results = fails_by(&case(CASE), &timeline, vec![]);
        prop_assert_eq!(verdicts(&results, Check::StreamsFollow), vec![&Verdict::Weak], "{:#?}", told(&results));
    }

    #[test]
    fn who_speaks_none_is_told_so_and_nothing_else(traits in plain()) {
        let mut timeline = history(&case(CASE), &traits);
        for event in &mut timeline.events {
            if let Event::Request(request) = event && is_stream(request) {
                request.outcome = Outcome::Ended { phase: Phase::Head };
            }
        }
        fails_by(&case(CASE), &timeline, vec![Check::DeclaredIsThere]);
    }
}
