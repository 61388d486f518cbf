//! What a bad file may do: nothing, visibly.

use super::super::opinion::{Opinion, Seen};
use super::super::view::{Life, View, Write, failure};
use super::effect::{describe, late};
use crate::vocabulary::{Flaw, FreshStart, Outcome, Request, TriggerAnswer};

pub(super) fn changes_nothing(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let until = next_good(life, write);
        let judged: Vec<&Request> = life
            .requests
            .iter()
            .copied()
            .filter(|r| r.begin >= write.config.begin && r.begin < until)
            .collect();
        let wrong: Vec<&Request> = judged
            .iter()
            .copied()
            .filter(|request| !as_before(view, life, request))
            .collect();
        let against = wrong.first().map(|first| {
            Seen::new(
                format!(
                    "every answer is wholly of {} or older",
                    life.newest_before(write.config.begin)
                ),
                format!(
                    "{} of {} requests after the bad file ({}): {}",
                    wrong.len(),
                    judged.len(),
                    write.generation(),
                    describe_markers(first)
                ),
            )
            .resting_on(&wrong)
        });
        let answered = judged
            .iter()
            .filter(|request| request.generation().is_some())
            .count();
        Opinion::of_trials(against, answered, 10)
    })
}

/// Whether a request got what it would have got without the bad file.
fn as_before(view: &View<'_>, life: &Life<'_>, request: &Request) -> bool {
    match &request.outcome {
        Outcome::Answered { markers, .. } => view.whole(markers).is_some_and(|g| life.knows(g, request.at)),
        _ => failure(request).is_none(),
    }
}

fn describe_markers(request: &Request) -> String {
    match &request.outcome {
        Outcome::Answered { status, markers, .. } => format!(
            "status {status}, stamp {}, origin {}, upstream stamp {}, credential {}",
            markers.stamp.as_deref().unwrap_or("none"),
            markers.origin.as_deref().unwrap_or("none"),
            markers.upstream.as_deref().unwrap_or("none"),
            markers.credential.as_deref().unwrap_or("none"),
        ),
        _ => describe(request),
    }
}

pub(super) fn is_observed(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let refused = matches!(write.trigger, Some((_, _, TriggerAnswer::Refused(_))));
        let logged = view
            .rejected
            .as_ref()
            .is_some_and(|pattern| !life.lines(pattern, write.config.begin, write.until).is_empty());
        if refused || logged {
            return Opinion::met();
        }
        Opinion::not_met(
            Seen::new(
                "a log line or an answer of the trigger that says so",
                "neither came within the apply bound, though the same file is refused at a fresh start",
            )
            .at(write.config.at),
        )
    })
}

pub(super) fn recovers(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let next = life
            .changes()
            .find(|good| good.config.begin > write.config.begin && good.awaited);
        match next {
            Some(good) => {
                late(view, life, good, "the good file after the bad one").unwrap_or_else(Opinion::met)
            }
            None => Opinion::inconclusive("no good file was delivered after the bad one"),
        }
    })
}

/// One opinion a kind of bad file: only files that are refused at a fresh start are judged.
fn for_each_flaw(view: &View<'_>, judge: impl Fn(&Life<'_>, &Write<'_>) -> Opinion) -> Vec<Opinion> {
    view.fresh_starts
        .iter()
        .map(|start| {
            let opinion = if is_refused(view, start) {
                match written(view, start.flaw) {
                    Some((life, write)) => judge(life, write),
                    None => Opinion::inconclusive("the file was not delivered: the run ended before"),
                }
            } else {
                Opinion::unsupported("valid here: the target accepts such a file at a fresh start")
            };
            opinion.about(start.flaw.name())
        })
        .collect()
}

/// Refused: it ended, or said so, and served nothing of it.
fn is_refused(view: &View<'_>, start: &FreshStart) -> bool {
    let said = || {
        view.rejected
            .as_ref()
            .is_some_and(|pattern| start.log.iter().any(|line| pattern.is_match(line)))
    };
    !start.served && (start.exited.is_some() || said())
}

fn written<'v, 'a>(view: &'v View<'a>, flaw: Flaw) -> Option<(&'v Life<'a>, &'v Write<'a>)> {
    view.lives.iter().find_map(|life| {
        life.writes
            .iter()
            .find(|write| write.config.flaw == Some(flaw))
            .map(|write| (life, write))
    })
}

fn next_good(life: &Life<'_>, write: &Write<'_>) -> u64 {
    let next = life.changes().find(|good| good.config.begin > write.config.begin);
    next.map_or(life.serving().map_or(life.ended, |(_, to)| to), |good| {
        good.config.begin
    })
}
