//! Signals, starts and stops.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::request::is_of_harness;
use super::super::view::View;
use super::effect::describe;
use crate::vocabulary::{Held, Outcome, Purpose, Request};

/// What is in flight for as long as it is held.
const IN_FLIGHT: [Held; 2] = [Held::Request, Held::Download];

pub(super) fn graceful_stop_finishes(view: &View<'_>) -> Vec<Opinion> {
    IN_FLIGHT
        .into_iter()
        .filter(|what| view.plan.held(*what) > 0)
        .map(|what| {
            let held: Vec<&Request> = view.lives.iter().flat_map(|life| over_stop(life, what)).collect();
            let wrong: Vec<&Request> = held
                .iter()
                .copied()
                .filter(|request| !is_whole(view, request))
                .collect();
            if let Some(why) = view.starved_of_answers(wrong.iter().copied()) {
                return Opinion::inconclusive(why).about(what.name());
            }
            let against = wrong.first().map(|first| {
                let observed = format!("{} of {}: {}", wrong.len(), held.len(), describe(first));
                Seen::new("finished, intact, although a stop had been asked for", observed).resting_on(&wrong)
            });
            Opinion::of_trials(against, held.len(), view.plan.held(what)).about(what.name())
        })
        .collect()
}

/// What had been begun when the stop was asked for, and was over only then.
fn over_stop<'v>(life: &'v Life<'_>, what: Held) -> impl Iterator<Item = &'v Request> {
    life.requests.iter().copied().filter(move |request| {
        request.purpose == Purpose::Held(what)
            && life.ready.is_some_and(|ready| request.begin >= ready)
            && request.begin < life.asked
            && request.at >= life.asked
            && !is_of_harness(request)
    })
}

fn is_whole(view: &View<'_>, request: &Request) -> bool {
    match &request.outcome {
        Outcome::Answered {
            status: 200,
            markers,
            intact: true,
            ..
        } => view.whole(markers).is_some(),
        _ => false,
    }
}
