//! What a valid file may do that cannot be applied when it comes: nothing, visibly.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::request::{failure, names};
use super::super::view::View;
use super::rejection::{NOT_WAITED_OUT, VALID_HERE, as_before, describe_markers, waited_out};
use crate::vocabulary::{Prospect, Request};

/// Below so many requests while it stood there, silence says too little.
const LEAST_REQUESTS: usize = 20;

fn doomed<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'v Life<'a>, &'v Write<'a>)> {
    view.lives.iter().flat_map(|life| {
        life.writes
            .iter()
            .filter(|write| write.config.prospect == Prospect::Doomed)
            .map(move |write| (life, write))
    })
}

pub(super) fn changes_nothing(view: &View<'_>) -> Vec<Opinion> {
    // What stands beside a file that is good after all can be applied.
    if view.all_valid_here() {
        return vec![Opinion::unsupported(VALID_HERE)];
    }
    let opinions: Vec<Opinion> = doomed(view)
        .map(|(life, write)| undone(view, life, write))
        .collect();
    vec![Opinion::weightiest(opinions).unwrap_or_else(|| Opinion::inconclusive("no such file was delivered"))]
}

fn undone(view: &View<'_>, life: &Life<'_>, write: &Write<'_>) -> Opinion {
    let meanwhile = |request: &&Request| request.begin >= write.config.begin && request.at < write.until;
    let before = life.newest_before(write.config.begin);
    // Where the second listener was, it stays.
    let second = life
        .changes()
        .filter(|change| change.config.begin < write.config.begin)
        .last()
        .map_or(life.first_layout.listener, |change| change.config.layout.listener);
    let at_second = life
        .elsewhere()
        .filter(|request| Some(request.listener) == second);
    let judged: Vec<&Request> = life
        .judged()
        .filter(meanwhile)
        .chain(at_second.filter(meanwhile))
        .collect();
    let wrong: Vec<&Request> = judged
        .iter()
        .copied()
        .filter(|request| names(request, write.generation()) || !as_before(view, life, request))
        .collect();
    if let Some(first) = wrong.first() {
        let failed = wrong.iter().filter(|request| failure(request).is_some()).count();
        let observed = format!(
            "{} of {} requests after that, {failed} of which failed; at the {} address: {}",
            wrong.len(),
            judged.len(),
            first.listener,
            describe_markers(first)
        );
        let expected = format!(
            "every answer is of {before}, as {} cannot be applied",
            write.generation()
        );
        return Opinion::not_met(Seen::new(expected, observed).resting_on(&wrong));
    }
    if !waited_out(view, life, write) && !view.says_refused(life, write) {
        return Opinion::inconclusive(NOT_WAITED_OUT);
    }
    Opinion::of_trials(None, judged.len(), LEAST_REQUESTS)
}

pub(super) fn is_reported(view: &View<'_>) -> Vec<Opinion> {
    let answers = view.facts.answers(view.facts.trigger);
    if view.rejected.is_none() && !answers {
        return vec![Opinion::unsupported("the target has no record of a rejection")];
    }
    let opinions = doomed(view).map(|(life, write)| {
        if view.says_refused(life, write) {
            return Opinion::met().trials(1);
        }
        if !waited_out(view, life, write) {
            return Opinion::inconclusive(NOT_WAITED_OUT);
        }
        if let Some(why) = view.starved(write.config.begin, write.until, view.apply_bound()) {
            return Opinion::inconclusive(why);
        }
        Opinion::not_met(
            Seen::new(
                "a log line or an answer of the trigger that says so",
                "neither came within the apply bound",
            )
            .at(write.config.at),
        )
    });
    vec![Opinion::weightiest(opinions).unwrap_or_else(|| Opinion::inconclusive("no such file was delivered"))]
}
