//! What serves once the workers of a target were killed.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::effect::describe;
use super::ms;
use crate::vocabulary::{Event, Nanos, Outcome, Request};

/// Below so many answers after a crash, silence says too little.
const LEAST_ANSWERS: usize = 20;

/// When workers were killed, and how many.
fn crashes(life: &Life<'_>) -> impl Iterator<Item = (Nanos, usize)> {
    life.events.iter().filter_map(|event| match event {
        Event::WorkersKilled { at, pids } => Some((*at, pids.len())),
        _ => None,
    })
}

/// From when to when nothing was answered after workers had been killed.
pub(super) fn gaps(life: &Life<'_>) -> Vec<(Nanos, Nanos)> {
    let gap = |(at, _): (Nanos, usize)| {
        let answered =
            |request: &&Request| request.begin >= at && matches!(request.outcome, Outcome::Answered { .. });
        let back = life.judged().filter(answered).map(|request| request.at).min();
        (at, back.unwrap_or(Nanos::MAX))
    };
    crashes(life).map(gap).collect()
}

pub(super) fn current_is_served(view: &View<'_>) -> Vec<Opinion> {
    let opinions = view.lives.iter().flat_map(|life| {
        let one = move |(at, killed)| after(view, life, at, killed);
        crashes(life).map(one)
    });
    let opinion = Opinion::weightiest(opinions);
    vec![opinion.unwrap_or_else(|| Opinion::inconclusive("no worker was killed"))]
}

/// What was answered from a crash until the next file.
fn after(view: &View<'_>, life: &Life<'_>, at: Nanos, killed: usize) -> Opinion {
    if killed == 0 {
        return Opinion::unsupported("the started process has no children that could be killed");
    }
    let current = life.newest_before(at);
    let until = life
        .writes
        .iter()
        .map(|write| write.config.begin)
        .find(|begin| *begin > at)
        .unwrap_or(life.asked);
    let answers: Vec<&Request> = life
        .traffic()
        .filter(|request| request.begin >= at && request.begin < until && request.generation().is_some())
        .collect();
    let stale: Vec<&Request> = answers
        .iter()
        .copied()
        .filter(|request| request.generation() != Some(current))
        .collect();
    if let Some(first) = stale.first() {
        let expected = format!("whatever serves after the crash serves {current}");
        let observed = format!(
            "{} of {} answers do not; the first: {}",
            stale.len(),
            answers.len(),
            describe(first)
        );
        return Opinion::not_met(Seen::new(expected, observed).resting_on(&stale));
    }
    let bound = view.facts.ready_within_ms.saturating_mul(MS);
    let back = answers.iter().map(|request| request.at).min();
    if back.is_none_or(|back| back > at.saturating_add(bound)) {
        if let Some(why) = view.starved(at, at.saturating_add(bound), bound) {
            return Opinion::inconclusive(why);
        }
        if back.is_none() && until < at.saturating_add(bound) && life.exited.is_none() {
            return Opinion::inconclusive("the run ended before");
        }
        let expected = format!(
            "{current} is served within {} of the crash, as after a start",
            ms(bound)
        );
        let observed = back.map_or("nothing was answered".to_owned(), |back| {
            format!("the first answer came after {}", ms(back.saturating_sub(at)))
        });
        return Opinion::not_met(Seen::new(expected, observed).at(at));
    }
    let figure = back.map_or_else(String::new, |back| {
        format!("served again after {}", ms(back.saturating_sub(at)))
    });
    Opinion::of_trials(None, answers.len(), LEAST_ANSWERS).figure(figure)
}
