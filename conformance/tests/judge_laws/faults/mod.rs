//! One event makes the difference, and the check that names it fails: alone, but for what follows from it.

mod asked;
mod atomic;
mod bursts;
mod callers;
mod changed;
mod connections;
mod costs;
mod drain;
mod effect;
mod files;
mod group;
mod kept;
mod lifecycle;
mod limits;
mod listeners;
mod logging;
mod meddling;
mod members;
mod open_files;
mod overflow;
mod refusals;
mod remains;
mod replacement;
mod routes;
mod shortage;
mod sockets;
mod streams;
mod tls;
mod told;
mod triggers;
mod tunnels;
mod unasked;
mod unwatched;
mod versions;

use proptest::prelude::*;
use reloadspec::vocabulary::{Case, Check, Event, Generation, Markers, Outcome, Phase, Request, Timeline};

use crate::asking::{fails_by, is_load, markers, told, verdicts, writes};
use crate::paper::MS;

fn lost() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Reset { phase: Phase::Head }),
        Just(Outcome::Reset {
            phase: Phase::Connect
        }),
        Just(Outcome::Ended { phase: Phase::Head }),
        Just(Outcome::Ended { phase: Phase::Body }),
        Just(Outcome::TimedOut { phase: Phase::Head }),
        Just(Outcome::Malformed { detail: "no".into() }),
    ]
}

fn is_fresh_load(request: &Request) -> bool {
    is_load(request) && request.is_fresh()
}

fn is_kept_load(request: &Request) -> bool {
    is_load(request) && !request.is_fresh()
}

/// Puts markers of another generation into an answer, one of them or all.
fn taint(request: &mut Request, other: Generation, which: usize) {
    let Outcome::Answered { markers: got, .. } = &mut request.outcome else {
        return;
    };
    let Markers {
        stamp,
        origin,
        upstream,
        credential,
    } = markers(other);
    match which {
        0 => got.stamp = stamp,
        1 => got.upstream = upstream,
        2 => got.credential = credential,
        3 => got.origin = origin,
        _ => *got = markers(other),
    }
}

/// When the mixing window of the newest change had closed.
fn closed(timeline: &Timeline, bound_ms: u64) -> u64 {
    let last = writes(timeline).last().map_or(0, |write| write.at);
    let newest = writes(timeline).last().map(|write| write.generation);
    let seen = crate::asking::requests(timeline)
        .filter(|request| request.is_fresh() && request.generation() == newest)
        .map(|request| request.at)
        .min()
        .unwrap_or(last);
    seen + bound_ms * MS
}

fn insert(timeline: &mut Timeline, event: Event) {
    timeline.events.push(event);
    timeline.events.sort_by_key(Event::at);
}

fn log(at: u64, line: &str) -> Event {
    Event::Log {
        at,
        source: "stderr".into(),
        line: line.into(),
    }
}

/// The same, with the machine held up from the beginning to past the end of every deadline that began in it: no moment between two
/// hold-ups is left.
fn stalled(timeline: &Timeline) -> Timeline {
    let mut stalled = timeline.clone();
    let until = timeline.events.last().map_or(0, Event::at);
    let deadline = timeline.target.apply_bound_ms * MS;
    for second in 0..=(until + deadline) / (1_000 * MS) {
        insert(
            &mut stalled,
            Event::Lag {
                at: (second + 1) * 1_000 * MS,
                by: 1_000 * MS,
            },
        );
    }
    stalled
}

/// A request that ran out of time fails, but says nothing of a target if the machine was held up meanwhile.
fn times_out_unless_stalled(case: &Case, timeline: &Timeline, check: Check) {
    fails_by(case, timeline, vec![check]);
    let results = fails_by(case, &stalled(timeline), vec![]);
    assert_eq!(
        verdicts(&results, check)[0].word(),
        "inconclusive",
        "{:#?}",
        told(&results)
    );
}

/// A safety finding stands, however busy the machine was.
fn fails_even_if_stalled(case: &Case, timeline: &Timeline, expected: &[Check]) {
    fails_by(case, timeline, expected.to_vec());
    fails_by(case, &stalled(timeline), expected.to_vec());
}
