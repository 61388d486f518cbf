//! What is open over a change.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::request::{failure, is_keepalive_race};
use super::super::view::View;
use super::effect::describe;
use crate::vocabulary::{Generation, Held, Nanos, Outcome, Purpose, Request};

/// What is in flight for as long as it is held.
const IN_FLIGHT: [Held; 5] = [
    Held::Request,
    Held::Download,
    Held::Stream,
    Held::Upload,
    Held::Events,
];

pub(super) fn in_flight_completes(view: &View<'_>) -> Vec<Opinion> {
    IN_FLIGHT
        .into_iter()
        .filter(|what| view.plan.held(*what) > 0)
        .map(|what| {
            let held: Vec<_> = held(view, what)
                .into_iter()
                .filter(|(life, request)| met_change(view, life, request.begin, request.at))
                .collect();
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
            let through = held
                .iter()
                .filter(|(life, request)| outlasted_change(view, life, request.begin, request.at))
                .count();
            let planned = view.plan.held(what).max(1);
            Opinion::of_trials(against, through, planned).about(what.name())
        })
        .collect()
}

pub(super) fn held<'v, 'a>(view: &'v View<'a>, what: Held) -> Vec<(&'v Life<'a>, &'a Request)> {
    let of_life = |life: &'v Life<'a>| {
        life.judged()
            .filter(move |r| r.purpose == Purpose::Held(what))
            .map(move |r| (life, r))
    };
    view.lives.iter().flat_map(of_life).collect()
}

/// Whether a file was delivered between two times: a good one, or one that is refused.
pub(super) fn met_change(view: &View<'_>, life: &Life<'_>, from: Nanos, to: Nanos) -> bool {
    life.writes.iter().any(|write| {
        let matters = write.config.flaw.is_none() || view.is_bad(life, write);
        matters && from < write.config.begin && write.config.begin < to
    })
}

/// Whether a file was delivered, and seen to be served or to be refused, between two times.
pub(super) fn outlasted_change(view: &View<'_>, life: &Life<'_>, from: Nanos, to: Nanos) -> bool {
    life.writes.iter().any(|write| {
        let settled = view.settled_at(life, write);
        from < write.config.begin && settled.is_some_and(|settled| settled <= to)
    })
}

/// What is wrong with a request that was held over a change.
pub(super) fn broken(view: &View<'_>, life: &Life<'_>, request: &Request) -> Option<String> {
    // A proxy that keeps a body to itself until it has all of it may choose the origin only then.
    let sent_on = view
        .arrivals(request)
        .iter()
        .map(|arrival| arrival.at)
        .min()
        .unwrap_or(request.begin);
    let accepted = life.newest_before(request.begin);
    let newest = life.newest_before(sent_on).max(accepted);
    match &request.outcome {
        Outcome::Answered { intact: false, .. } => Some("the body was not what was sent".into()),
        Outcome::Answered {
            status: 200, markers, ..
        } => match view.whole(markers) {
            Some(generation) if may_have_accepted(view, life, request, generation, newest) => None,
            Some(generation) => Some(format!("answered by {generation}, accepted by {accepted}")),
            None => Some("answered with markers of several generations".into()),
        },
        _ => Some(describe(request)),
    }
}

/// Whether a generation could be serving when the request was made, up to when it was sent on.
fn may_have_accepted(
    view: &View<'_>,
    life: &Life<'_>,
    request: &Request,
    generation: Generation,
    newest: Generation,
) -> bool {
    generation <= newest
        && life.is_current(request, generation, view.facts)
        && life.knows(generation, request.at)
}

pub(super) fn idle_connection_stays(view: &View<'_>) -> Vec<Opinion> {
    let idle: Vec<_> = held(view, Held::Idle)
        .into_iter()
        .filter(|(life, request)| met_change(view, life, request.connect, request.at))
        .collect();
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
    let through = idle
        .iter()
        .filter(|(life, request)| outlasted_change(view, life, request.connect, request.begin))
        .count();
    vec![Opinion::of_trials(against, through, 1)]
}

/// Swallowed: the request was taken (an origin received it, its answer had begun, or the connection stayed open over it),
/// and no whole answer came.
pub(super) fn no_swallowed_request(view: &View<'_>) -> Vec<Opinion> {
    let kept: Vec<(&Life<'_>, &Request)> = view
        .lives
        .iter()
        .flat_map(|life| life.judged().map(move |request| (life, request)))
        .filter(|(_, request)| !request.is_fresh())
        .collect();
    let swallowed: Vec<&Request> = kept
        .iter()
        .map(|(_, request)| *request)
        .filter(|request| {
            failure(request).is_some() || (is_keepalive_race(request) && !view.arrivals(request).is_empty())
        })
        .collect();
    if let Some(why) = view.starved_of_answers(swallowed.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let against = swallowed.first().map(|first| {
        let reached = view.arrivals(first).first().map_or_else(String::new, |arrival| {
            format!(", though origin {} had received it", arrival.origin)
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
    let through = kept
        .iter()
        .filter(|(life, request)| outlasted_change(view, life, request.connect, request.begin))
        .count();
    vec![Opinion::of_trials(against, through, 1)]
}
