//! Many changes at once: the last stays, and nothing goes back.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::effect::{LEAST_AFTER, describe, late, older_after};
use super::ms;
use crate::vocabulary::{Outcome, Request};

pub(super) fn last_wins(view: &View<'_>) -> Vec<Opinion> {
    let planned = view
        .plan
        .lives
        .iter()
        .map(|planned| planned.changes)
        .chain(std::iter::repeat(1));
    view.lives
        .iter()
        .zip(planned)
        .map(|(life, planned)| last_wins_in(view, life, planned))
        .collect()
}

fn last_wins_in(view: &View<'_>, life: &Life<'_>, planned: usize) -> Opinion {
    let changes: Vec<&Write<'_>> = life.changes().collect();
    let Some(last) = changes.last().filter(|write| write.awaited) else {
        return Opinion::inconclusive("no burst was carried out");
    };
    let lasts = changes.iter().enumerate().filter(|(_, write)| write.awaited);
    for (index, write) in lasts {
        let name = format!("change {} of {}, the last of a burst,", index + 1, changes.len());
        if let Some(opinion) = late(view, life, write, &name) {
            return opinion.trials(changes.len());
        }
    }
    if changes.len() < planned {
        return Opinion::inconclusive(format!("{} of {planned} changes were delivered", changes.len()));
    }
    // What is served at the end, past the mixing window of the last change.
    let closed = last.window_closed(view.facts).unwrap_or(life.ended);
    let after: Vec<&Request> = life
        .traffic()
        .filter(|r| r.is_fresh() && r.connect > closed && tells(r))
        .collect();
    let wrong: Vec<&Request> = after
        .iter()
        .copied()
        .filter(|r| r.generation() != Some(last.generation()))
        .collect();
    let against = wrong.first().map(|first| {
        Seen::new(
            format!("{} from {} on", last.generation(), ms(closed)),
            format!("{} of {} requests: {}", wrong.len(), after.len(), describe(first)),
        )
        .resting_on(&wrong)
    });
    Opinion::of_trials(against, after.len(), LEAST_AFTER)
}

/// The changes that nobody waited for, of each process that was given any.
pub(super) fn not_starved(view: &View<'_>) -> Vec<Opinion> {
    let opinions = view.lives.iter().filter_map(|life| {
        let churn: Vec<&Write<'_>> = life.changes().filter(|write| !write.awaited).collect();
        Some(served_meanwhile(view, life, churn.first()?, churn.last()?).trials(churn.len()))
    });
    let opinion = Opinion::weightiest(opinions);
    vec![opinion.unwrap_or_else(|| Opinion::inconclusive("no changes were made without a pause"))]
}

fn served_meanwhile(view: &View<'_>, life: &Life<'_>, first: &Write<'_>, last: &Write<'_>) -> Opinion {
    let bound = view.apply_bound();
    let due = first.told().saturating_add(bound);
    if last.config.begin < due {
        return Opinion::inconclusive("the changes did not go on for the apply bound");
    }
    if first.seen.is_some_and(|seen| seen <= due) {
        return Opinion::met();
    }
    if let Some(why) = view.starved(first.config.begin, due, bound) {
        return Opinion::inconclusive(why);
    }
    let got = life.traffic().filter(|request| request.at <= due).last();
    let instead = got.map_or_else(|| "nothing was answered".to_owned(), describe);
    let expected = format!(
        "an answer of {} or a later one within {}, while changes go on until {}",
        first.generation(),
        ms(bound),
        last.generation()
    );
    Opinion::not_met(Seen::new(expected, format!("at last {instead}")).at(due))
}

/// Whether a request tells what is served: one that failed, or met an error without a stamp, is judged as that.
fn tells(request: &Request) -> bool {
    match &request.outcome {
        Outcome::Answered { status, markers, .. } => *status < 400 || markers.stamp.is_some(),
        _ => false,
    }
}

pub(super) fn never_backwards(view: &View<'_>) -> Vec<Opinion> {
    vec![older_after(
        view,
        |life, one| one.window_closed(life, view.facts),
        &|at| format!("nothing older than what was final at {}", ms(at)),
    )]
}
