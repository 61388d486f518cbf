//! What is open over a change.

use super::super::opinion::{Opinion, Seen};
use super::super::view::{Life, View, is_keepalive_race};
use super::effect::describe;
use crate::vocabulary::{Held, Outcome, Phase, Purpose, Request};

pub(super) fn in_flight_completes(view: &View<'_>) -> Vec<Opinion> {
    [Held::Request, Held::Download, Held::Stream, Held::Upload]
        .into_iter()
        .map(|what| {
            let held = held(view, what);
            let wrong: Vec<(&Request, String)> = held
                .iter()
                .filter_map(|(life, request)| Some((*request, broken(view, life, request)?)))
                .collect();
            let requests: Vec<&Request> = wrong.iter().map(|(request, _)| *request).collect();
            let against = wrong.first().map(|(_, observed)| {
                Seen::new(
                    "finished, intact, on the generation that accepted it",
                    format!("{} of {}: {observed}", wrong.len(), held.len()),
                )
                .resting_on(&requests)
            });
            Opinion::of_trials(against, held.len(), 1).about(what.name())
        })
        .collect()
}

fn held<'v, 'a>(view: &'v View<'a>, what: Held) -> Vec<(&'v Life<'a>, &'a Request)> {
    let of_life = |life: &'v Life<'a>| {
        life.requests
            .iter()
            .filter(move |r| r.purpose == Purpose::Held(what))
            .map(move |r| (life, *r))
    };
    view.lives.iter().flat_map(of_life).collect()
}

/// What is wrong with a request that was held over a change.
fn broken(view: &View<'_>, life: &Life<'_>, request: &Request) -> Option<String> {
    let accepted = life.newest_before(request.begin);
    match &request.outcome {
        Outcome::Answered { intact: false, .. } => Some("the body was not what was sent".into()),
        Outcome::Answered {
            status: 200, markers, ..
        } => match view.whole(markers) {
            Some(generation) if generation == accepted => None,
            Some(generation) => Some(format!("answered by {generation}, accepted by {accepted}")),
            None => Some("answered with markers of several generations".into()),
        },
        _ => Some(describe(request)),
    }
}

pub(super) fn idle_connection_stays(view: &View<'_>) -> Vec<Opinion> {
    let idle = held(view, Held::Idle);
    let ended: Vec<&Request> = idle
        .iter()
        .map(|(_, request)| *request)
        .filter(|request| !matches!(request.outcome, Outcome::Answered { .. }))
        .collect();
    let against = ended.first().map(|first| {
        Seen::new(
            "every idle kept connection still serves after the change",
            format!("{} of {} did not: {}", ended.len(), idle.len(), describe(first)),
        )
        .resting_on(&ended)
    });
    vec![Opinion::of_trials(against, idle.len(), 1)]
}

/// Swallowed: the request was taken (an origin received it, or the connection stayed open over it), and no answer came.
pub(super) fn no_swallowed_request(view: &View<'_>) -> Vec<Opinion> {
    let kept: Vec<&Request> = view
        .lives
        .iter()
        .flat_map(|life| &life.requests)
        .copied()
        .filter(|r| !r.is_fresh())
        .collect();
    let swallowed: Vec<&Request> = kept
        .iter()
        .copied()
        .filter(|request| {
            request.outcome == (Outcome::TimedOut { phase: Phase::Head })
                || (is_keepalive_race(request) && view.arrived(request))
        })
        .collect();
    let against = swallowed.first().map(|first| {
        let origin = view
            .arrivals
            .get(&first.id)
            .map(|arrival| arrival.origin.as_str());
        let reached = origin.map_or_else(String::new, |origin| {
            format!(", though origin {origin} had received it")
        });
        Seen::new(
            "an answer, or the end of the connection before the request is taken",
            format!(
                "{} of {}: {}{reached}",
                swallowed.len(),
                kept.len(),
                describe(first)
            ),
        )
        .resting_on(&swallowed)
    });
    vec![Opinion::of_trials(against, kept.len(), 1)]
}
