//! A socket in the file system: it is there throughout.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Event, Generation, Listener, Outcome, Request};

use crate::asking::{answered, case, fails_by, history, markers, requests, writes};
use crate::config;
use crate::traits::plain;

/// Whether it was made at the socket on a connection of its own, and somebody had been answered there before.
fn counts(request: &Request, first: u64) -> bool {
    request.listener == Listener::Socket && request.is_fresh() && request.connect > first
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_socket_that_is_not_there_for_a_moment_is_seen(traits in plain(), pick: Index, reset: bool) {
        let case = case("unix_socket_listener");
        let mut timeline = history(&case, &traits);
        let at_it = |request: &&Request| request.listener == Listener::Socket;
        let first = requests(&timeline).filter(at_it).map(|request| request.at).min();
        let first = first.expect("somebody asks there");
        let count = requests(&timeline).filter(|request| counts(request, first)).count();
        let picked = pick.index(count);
        let lost = timeline.events.iter_mut().filter_map(|event| match event {
            Event::Request(request) if counts(request, first) => Some(request),
            _ => None,
        });
        let lost = lost.into_iter().nth(picked).expect("it was counted");
        lost.outcome = if reset {
            Outcome::Reset { phase: reloadspec::vocabulary::Phase::Head }
        } else {
            Outcome::Refused
        };
        fails_by(&case, &timeline, vec![Check::SocketServesOn]);
    }

    #[test]
    fn a_change_that_is_not_served_at_the_socket_is_missed(traits in plain()) {
        let case = case("unix_socket_listener");
        let mut timeline = history(&case, &traits);
        let last = writes(&timeline).last().map(|write| (write.begin, write.generation));
        let (begin, Generation(last)) = last.expect("a change");
        for event in &mut timeline.events {
            if let Event::Request(request) = event
                && request.listener == Listener::Socket
                && request.begin >= begin
            {
                request.outcome = answered(markers(Generation(last - 1)));
            }
        }
        // Where it was stopped before the bound, the stop is no excuse: it was waited for in vain.
        fails_by(&case, &timeline, vec![Check::SocketServesOn]);
    }
}
