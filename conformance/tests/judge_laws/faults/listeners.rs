//! Second listeners: they come, go, move, and are refused.

use proptest::prelude::*;
use proptest::sample::Index;
use reloadspec::vocabulary::{Check, Event, Generation, Listener, Outcome, Prospect, Request, Timeline};

use super::{fails_even_if_stalled, log, stalled, taint};
use crate::asking::{answered, case, change, fails_by, history, markers, requests, writes};
use crate::config;
use crate::paper::MS;
use crate::traits::{Traits, plain};

/// Requests at a listener between two times get this instead.
fn instead(timeline: &mut Timeline, at: Listener, from: u64, to: u64, outcome: &Outcome) {
    for event in &mut timeline.events {
        if let Event::Request(request) = event
            && request.listener == at
            && (from..to).contains(&request.begin)
        {
            request.outcome = outcome.clone();
        }
    }
}

fn begins(timeline: &Timeline) -> Vec<u64> {
    let all = writes(timeline);
    all.iter().map(|write| write.begin).chain([u64::MAX]).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_listener_that_never_comes_is_missed(traits in plain(), second: bool) {
        let case = case("added_listener_starts");
        let mut timeline = history(&case, &traits);
        let begins = begins(&timeline);
        let index = if second { 2 } else { 0 };
        instead(&mut timeline, Listener::Second, begins[index], begins[index + 1], &Outcome::Refused);
        fails_by(&case, &timeline, vec![Check::AddedListenerServes]);
        // A deadline: a machine that was held up says nothing.
        fails_by(&case, &stalled(&timeline), vec![]);
    }

    #[test]
    fn a_listener_that_stays_is_seen(traits in plain()) {
        let case = case("added_listener_starts");
        let mut timeline = history(&case, &traits);
        let last = begins(&timeline)[3];
        // Somebody asked later than the bound.
        let late = last + (traits.bound_ms + 1_000) * MS;
        let asked = requests(&timeline).find(|r| r.listener == Listener::Second).cloned();
        let asked = asked.expect("somebody asks there");
        let is_stop = |event: &Event| matches!(event, Event::StopAsked { .. });
        let stopped = timeline.events.iter().find(|event| is_stop(event)).map_or(0, Event::at);
        // It stops later, so that nothing of the old end is left.
        timeline
            .events
            .retain(|event| !matches!(event, Event::Request(request) if request.at + 2 * MS > stopped));
        let stop = timeline.events.iter().position(is_stop);
        for event in &mut timeline.events[stop.expect("it is stopped")..] {
            match event {
                Event::StopAsked { at } | Event::Stopped { at, .. } => *at += late,
                _ => {}
            }
        }
        for at in [late, late + MS] {
            timeline.events.push(Event::Request(Request {
                connect: at,
                begin: at,
                at: at + MS / 2,
                outcome: answered(markers(Generation(4))),
                ..asked.clone()
            }));
        }
        timeline.events.sort_by_key(Event::at);
        fails_even_if_stalled(&case, &timeline, &[Check::RemovedListenerStops]);
    }

    #[test]
    fn a_moment_in_which_nobody_listens_at_either_is_a_break(traits in plain(), nth in 0..4_usize) {
        let case = case("moved_listener");
        let clean = history(&case, &traits);
        let begins = begins(&clean);
        let (from, to) = match writes(&clean)[nth].layout.listener {
            Some(Listener::Third) => (Listener::Second, Listener::Third),
            _ => (Listener::Third, Listener::Second),
        };
        let within = |r: &&Request| r.begin > begins[nth] && r.at < begins[nth + 1];
        let served = requests(&clean)
            .filter(within)
            .find(|r| r.listener == to && matches!(r.outcome, Outcome::Answered { .. }));
        // Where the next move came before anybody had asked there, there is no moment to take away.
        prop_assume!(served.is_some());
        let served = served.expect("it is served").begin;
        // The old one is gone as soon as the file is there, and the new one comes a while after that.
        let mut broken = clean.clone();
        instead(&mut broken, from, begins[nth], begins[nth + 1], &Outcome::Refused);
        instead(&mut broken, to, begins[nth], served, &Outcome::Refused);
        let gone = requests(&broken).filter(within).find(|r| r.listener == from).map(|r| r.at);
        let seen = requests(&broken)
            .filter(within)
            .any(|r| r.listener == to && r.outcome == Outcome::Refused && gone.is_some_and(|gone| r.connect > gone));
        let expected: &[Check] = if seen { &[Check::MadeBeforeBroken] } else { &[] };
        fails_even_if_stalled(&case, &broken, expected);
    }

    #[test]
    fn a_swap_is_applied_or_refused_and_nothing_else(traits in plain(), pick: Index, back: bool) {
        let case = case("wildcard_and_specific");
        let timeline = history(&case, &traits);
        let open: Vec<_> = writes(&timeline)
            .into_iter()
            .filter(|write| write.prospect == Prospect::Open)
            .cloned()
            .collect();
        prop_assert_eq!(open.len(), 2);
        // Where the first was refused, the second is none.
        let back = back && !traits.seed.is_multiple_of(2);
        let write = &open[usize::from(back)];
        let until = write.begin + (traits.bound_ms + 900) * MS;
        let is_mine = |event: &Event| (write.at..until).contains(&event.at());
        if traits.seed.is_multiple_of(2) {
            // Refused: without a word, or with what is refused in force, or with the old one gone.
            let mut silent = timeline.clone();
            silent.events.retain(|event| {
                !(is_mine(event) && matches!(event, Event::Log { .. } | Event::Trigger { .. }))
            });
            fails_by(&case, &silent, vec![Check::SwappedOrRefused]);
            fails_by(&case, &stalled(&silent), vec![]);
            let mut applied = timeline.clone();
            let load = |r: &Request| r.is_plain() && r.begin > write.at && r.at < until;
            change(&mut applied, pick, load, |r| {
                r.outcome = answered(markers(write.generation));
            });
            fails_even_if_stalled(&case, &applied, &[Check::SwappedOrRefused]);
            let mut gone = timeline;
            instead(&mut gone, Listener::Second, write.at + 300 * MS, until, &Outcome::Refused);
            fails_even_if_stalled(&case, &gone, &[Check::SwappedOrRefused]);
        } else {
            let mut unheard = timeline;
            let to = write.layout.listener.expect("it has one");
            instead(&mut unheard, to, write.begin, until + 200 * MS, &Outcome::Refused);
            fails_by(&case, &unheard, vec![Check::SwappedOrRefused]);
            fails_by(&case, &stalled(&unheard), vec![]);
        }
    }

    #[test]
    fn what_cannot_be_applied_changes_nothing(traits in plain(), pick: Index, which in 0..3_usize, other: bool) {
        let case = case("runtime_failure");
        let clean = history(&case, &traits);
        let write = writes(&clean)[1].clone();
        prop_assert_eq!(write.prospect, Prospect::Doomed);
        let at = if other { Listener::Second } else { Listener::First };
        let until = begins(&clean)[2];
        let load = |r: &Request| r.listener == at && r.begin > write.at && r.at < until;
        let mut leaked = clean.clone();
        change(&mut leaked, pick, load, |r| taint(r, write.generation, which));
        fails_even_if_stalled(&case, &leaked, &[Check::FailureChangesNothing]);
        let mut closed = clean;
        let connect = |r: &Request| load(r) && r.is_fresh();
        change(&mut closed, pick, connect, |r| r.outcome = Outcome::Refused);
        let mut expected = vec![Check::FailureChangesNothing];
        if !other {
            expected.insert(0, Check::NoRefusedConnect);
        }
        fails_even_if_stalled(&case, &closed, &expected);
    }

    #[test]
    fn that_it_cannot_be_applied_is_told(traits in plain()) {
        let case = case("runtime_failure");
        let mut timeline = history(&case, &traits);
        let write = writes(&timeline)[1].clone();
        let until = begins(&timeline)[2];
        timeline.events.retain(|event| {
            let is_mine = (write.begin..until).contains(&event.at());
            !(is_mine && matches!(event, Event::Log { .. } | Event::Trigger { .. }))
        });
        fails_by(&case, &timeline, vec![Check::FailureIsReported]);
        let mut told = timeline.clone();
        super::insert(&mut told, log(write.at + MS, "ERROR config rejected: taken"));
        fails_by(&case, &told, vec![]);
        fails_by(&case, &stalled(&timeline), vec![]);
    }
}

#[test]
fn a_gap_is_not_seen_where_only_one_address_is_refused() {
    let case = case("moved_listener");
    let mut timeline = history(&case, &Traits::plain(3));
    let begins = begins(&timeline);
    // The old address is gone, and the new one is there: that is the order to keep to.
    let from = writes(&timeline)[0].at + 100 * MS;
    instead(
        &mut timeline,
        Listener::Second,
        from,
        begins[1],
        &Outcome::Refused,
    );
    fails_by(&case, &timeline, vec![]);
}
