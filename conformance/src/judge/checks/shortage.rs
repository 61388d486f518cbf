//! What is left of a change that came when a target could open nothing more.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::request::failure;
use super::super::view::View;
use super::effect::{describe, late};
use crate::vocabulary::{Event, Nanos, Outcome, Request};

/// Below so many requests thereafter, silence says too little.
const LEAST_REQUESTS: usize = 20;

/// From when to when nothing more could be opened.
fn shortages(life: &Life<'_>) -> Vec<(Nanos, Nanos)> {
    let mut all = Vec::new();
    let mut since = None;
    for event in &life.events {
        match event {
            Event::Descriptors {
                at,
                are_there: false,
                failed: None,
            } => since = Some(*at),
            Event::Descriptors {
                at,
                are_there: true,
                failed: None,
            } => all.extend(since.take().map(|since| (since, *at))),
            _ => {}
        }
    }
    all
}

pub(super) fn is_survived(view: &View<'_>) -> Vec<Opinion> {
    let failed = view
        .lives
        .iter()
        .flat_map(|life| &life.events)
        .find_map(|event| match event {
            Event::Descriptors {
                failed: Some(failed), ..
            } => Some(failed),
            _ => None,
        });
    if let Some(failed) = failed {
        return vec![Opinion::unsupported(format!(
            "the descriptors of the target cannot be taken away: {failed}"
        ))];
    }
    let opinions = view.lives.iter().flat_map(|life| {
        let one = move |(from, to)| thereafter(view, life, from, to);
        shortages(life).into_iter().filter_map(one)
    });
    let opinion = Opinion::weightiest(opinions);
    vec![opinion.unwrap_or_else(|| Opinion::inconclusive("no change came when nothing could be opened"))]
}

/// What was answered between the end of a shortage and the next change.
fn thereafter(view: &View<'_>, life: &Life<'_>, from: Nanos, to: Nanos) -> Option<Opinion> {
    let write = life
        .writes
        .iter()
        .find(|write| (from..=to).contains(&write.config.at))?;
    let judged: Vec<&Request> = life
        .traffic()
        .filter(|request| request.is_fresh() && request.begin >= to && request.at < write.until)
        .collect();
    let wrong: Vec<&Request> = judged
        .iter()
        .copied()
        .filter(|request| !is_of_either(view, life, write, request))
        .collect();
    let Some(first) = wrong.first() else {
        let Some(next) = life.next_change(to).filter(|next| next.awaited) else {
            return Some(Opinion::inconclusive("no change was delivered thereafter"));
        };
        let late = late(view, life, next, "the change after the shortage");
        let answered = |request: &&&Request| matches!(request.outcome, Outcome::Answered { .. });
        let answers = judged.iter().filter(answered).count();
        return Some(late.unwrap_or_else(|| Opinion::of_trials(None, answers, LEAST_REQUESTS)));
    };
    if let Some(why) = view.starved_of_answers(wrong.iter().copied()) {
        return Some(Opinion::inconclusive(why));
    }
    let expected = format!(
        "once there are descriptors again, every answer is wholly of {} or of {}",
        life.newest_before(write.config.begin),
        write.generation()
    );
    let observed = format!(
        "{} of {} are not; the first: {}",
        wrong.len(),
        judged.len(),
        describe(first)
    );
    Some(Opinion::not_met(Seen::new(expected, observed).resting_on(&wrong)))
}

/// Whether it was answered wholly by what was there before, or by what came meanwhile. A connection that ends without an answer is none: what
/// came meanwhile may be applied only now, and what a reload does to connections is judged elsewhere.
fn is_of_either(view: &View<'_>, life: &Life<'_>, write: &Write<'_>, request: &Request) -> bool {
    let (status, markers) = match &request.outcome {
        Outcome::Answered { status, markers, .. } => (*status, markers),
        Outcome::Refused | Outcome::TimedOut { .. } | Outcome::Malformed { .. } => return false,
        Outcome::Reset { .. }
        | Outcome::Ended { .. }
        | Outcome::NotSent
        | Outcome::Unprocessed
        | Outcome::Harness { .. } => {
            return true;
        }
    };
    let whole = view.whole(markers);
    let before = life.newest_before(write.config.begin);
    failure(request).is_none() && status < 400 && (whole == Some(before) || whole == Some(write.generation()))
}
