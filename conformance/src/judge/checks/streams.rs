//! What a change does to streams of HTTP/2, and whether what the target says of them is true.

use std::collections::BTreeMap;

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::request::failure;
use super::super::view::View;
use super::connections::{broken, met_change, outlasted_change};
use super::effect::describe;
use super::kept::behind_at_once;
use crate::vocabulary::{Event, Frame, Held, Listener, Outcome, Purpose, Request, Says};

/// Below so many streams, silence says too little.
const LEAST: usize = 20;
/// The same, of streams that were open over a change.
const LEAST_OVER: usize = 5;

/// Those of gRPC have checks of their own.
fn is_stream(request: &Request) -> bool {
    request.listener == Listener::Http2 && request.purpose != Purpose::Held(Held::Grpc)
}

fn streams<'v>(life: &'v Life<'_>) -> impl Iterator<Item = &'v Request> {
    life.elsewhere().filter(|request| is_stream(request))
}

fn is_held(request: &Request) -> bool {
    matches!(request.purpose, Purpose::Held(_))
}

/// On a fresh process a stream is answered.
pub(super) fn is_there(view: &View<'_>) -> Option<Opinion> {
    let mut all = view.lives.iter().flat_map(streams).peekable();
    let first = *all.peek()?;
    let is_answered = |request: &Request| matches!(request.outcome, Outcome::Answered { status: 200, .. });
    let opinion = if all.any(is_answered) {
        Opinion::met()
    } else {
        Opinion::not_met(Seen::new("an answer by HTTP/2", describe(first)).resting_on(&[first]))
    };
    Some(opinion.about("http2"))
}

pub(super) fn complete(view: &View<'_>) -> Vec<Opinion> {
    let mut over = 0;
    let mut wrong: Vec<(&Request, String)> = Vec::new();
    let first_answer = |life: &Life<'_>| {
        let mut answered = streams(life).filter(|r| matches!(r.outcome, Outcome::Answered { .. }));
        answered.next().map(|request| request.at)
    };
    for life in &view.lives {
        // Before it, nothing was there that could be lost.
        let Some(first) = first_answer(life) else { continue };
        for request in streams(life).filter(|request| request.begin >= first || is_held(request)) {
            over += usize::from(outlasted_change(view, life, request.connect, request.at));
            let bad = if is_held(request) {
                met_change(view, life, request.begin, request.at)
                    .then(|| broken(view, life, request))
                    .flatten()
                    .filter(|_| request.outcome != Outcome::Unprocessed || !view.arrivals(request).is_empty())
            } else {
                is_lost(request).then(|| describe(request))
            };
            wrong.extend(bad.map(|bad| (request, bad)));
        }
    }
    let requests: Vec<&Request> = wrong.iter().map(|(request, _)| *request).collect();
    if let Some(why) = view.starved_of_answers(requests.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let against = wrong.first().map(|(first, bad)| {
        let stream = first
            .stream
            .map_or_else(String::new, |stream| format!("stream {stream}: "));
        Seen::new(
            "finished, intact, by the generation that accepted it; or not accepted, and said not to be",
            format!("{} streams: {stream}{bad}", wrong.len()),
        )
        .resting_on(&requests)
    });
    vec![Opinion::of_trials(against, over, LEAST_OVER)]
}

/// On a connection that is there, a stream is answered or said not to be processed. Nobody can say anything on one that ends as it is asked.
fn is_lost(request: &Request) -> bool {
    match request.outcome {
        Outcome::Answered { status, .. } if status >= 500 => true,
        // Whether it was a connection or a stream that was reset, its head had been sent.
        Outcome::Reset { .. } | Outcome::Ended { .. } => true,
        _ => failure(request).is_some(),
    }
}

pub(super) fn goaway_is_honest(view: &View<'_>) -> Vec<Opinion> {
    let mut asked = 0;
    let mut against: Option<Seen> = None;
    for life in &view.lives {
        let mut given_up: BTreeMap<u64, u32> = BTreeMap::new();
        for frame in life.events.iter().filter_map(|event| match event {
            Event::Frame(frame) => Some(frame),
            _ => None,
        }) {
            let Frame {
                connection,
                at,
                says: Says::GoAway { last, .. },
            } = frame
            else {
                continue;
            };
            let before = given_up.get(connection).copied().unwrap_or(u32::MAX);
            if *last > before && against.is_none() {
                let observed = format!("{}, after one with the last stream {before}", frame.says);
                against = Some(Seen::new("a last stream that is none later", observed).at(*at));
            }
            given_up.insert(*connection, before.min(*last));
        }
        for request in streams(life) {
            asked += 1;
            let Some(stream) = request.stream else { continue };
            let last = given_up.get(&request.connection);
            let is_past = last.is_some_and(|last| stream > *last);
            let is_given_up = is_past || request.outcome == Outcome::Unprocessed;
            let is_answered = matches!(request.outcome, Outcome::Answered { .. });
            let is_processed = is_answered || !view.arrivals(request).is_empty();
            if !is_given_up || !is_processed || against.is_some() {
                continue;
            }
            let by = last.filter(|_| is_past).map_or_else(
                || "REFUSED_STREAM".to_owned(),
                |last| format!("GOAWAY with the last stream {last}"),
            );
            let reached = if is_answered {
                "was answered"
            } else {
                "had reached an origin"
            };
            let observed = format!("stream {stream} {reached}, and was given up by {by}");
            let expected = "what is given up as not processed reached no origin and got no answer";
            against = Some(Seen::new(expected, observed).resting_on(&[request]));
        }
    }
    vec![Opinion::of_trials(against, asked, LEAST)]
}

pub(super) fn follow(view: &View<'_>) -> Vec<Opinion> {
    let is_one = |request: &Request| is_stream(request) && request.purpose == Purpose::Load;
    let over = view.lives.iter().flat_map(|life| {
        let later = streams(life).filter(move |request| is_one(request));
        later.filter(|request| outlasted_change(view, life, request.connect, request.at))
    });
    let over = over.count();
    let retired = view.lives.iter().flat_map(|life| &life.events);
    let retired = retired
        .filter(|event| {
            matches!(
                event,
                Event::Frame(Frame {
                    says: Says::GoAway { .. },
                    ..
                })
            )
        })
        .count();
    vec![Opinion::of_trials(
        behind_at_once(view, is_one),
        over + retired,
        1,
    )]
}
