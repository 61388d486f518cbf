//! Signals, starts and stops.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::request::is_of_harness;
use super::super::view::View;
use super::effect::describe;
use super::ms;
use crate::vocabulary::{Event, Held, Nanos, Outcome, Purpose, Request, TriggerAnswer};

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

/// Fewer processes that were told while they started say too little.
const LEAST_TOLD: usize = 3;
/// The same, of processes that were given a change while they started.
const LEAST_STARTED: usize = 5;

pub(super) fn survives_early_signal(view: &View<'_>) -> Vec<Opinion> {
    let told = view
        .lives
        .iter()
        .filter_map(|life| Some((life, told_early(life)?)));
    let told: Vec<(&Life<'_>, Nanos)> = told.collect();
    let against = told.iter().find_map(|(life, at)| {
        let exited = life.exited?;
        let seen = format!("it ended within {} of the signal", ms(exited.saturating_sub(*at)));
        Some(Seen::new("a process that starts on, and serves", seen).at(exited))
    });
    vec![Opinion::of_trials(against, told.len(), LEAST_TOLD)]
}

/// When a process was sent its signal before it was seen to serve.
fn told_early(life: &Life<'_>) -> Option<Nanos> {
    life.events.iter().find_map(|event| match event {
        Event::Trigger {
            begin,
            answer: TriggerAnswer::Sent,
            ..
        } if life.ready.is_none_or(|ready| *begin <= ready) => Some(*begin),
        _ => None,
    })
}

pub(super) fn startup_change_is_applied(view: &View<'_>) -> Vec<Opinion> {
    let bound = view.apply_bound();
    let given = view.lives.iter().filter_map(|life| {
        let write = life.changes().next().filter(|write| write.awaited)?;
        Some((life, write, life.ready?))
    });
    let given: Vec<_> = given.collect();
    let early = given
        .iter()
        .filter(|(_, write, ready)| write.config.at <= *ready)
        .count();
    let lost = given.iter().filter_map(|(life, write, ready)| {
        let from = write.config.at.max(*ready);
        let due = from.saturating_add(bound);
        if write.seen.is_some_and(|seen| seen <= due) {
            return None;
        }
        if let Some(why) = view.starved(from, due, bound) {
            return Some(Opinion::inconclusive(why));
        }
        let last = life.traffic().filter(|request| request.at <= due).last();
        let instead = last.map_or_else(|| "nothing was answered".to_owned(), describe);
        let when = format!(
            "{} was delivered {} after the start, {} before the first answer",
            write.generation(),
            ms(write.config.at.saturating_sub(life.began)),
            ms(ready.saturating_sub(write.config.at)),
        );
        let expected = format!(
            "an answer of {} within {} of the first one",
            write.generation(),
            ms(bound)
        );
        Some(Opinion::not_met(
            Seen::new(expected, format!("{when}; at last {instead}")).at(due),
        ))
    });
    if let Some(opinion) = Opinion::weightiest(lost) {
        return vec![opinion.trials(given.len())];
    }
    let is_last = |life: &Life<'_>| life.ready.is_some() && life.writes.is_empty();
    if !view.lives.last().is_some_and(is_last) {
        return vec![Opinion::inconclusive("the run ended before the last start")];
    }
    vec![Opinion::of_trials(None, early, LEAST_STARTED)]
}
