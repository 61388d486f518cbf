//! What a bad file may do: nothing, visibly.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::request::{failure, names};
use super::super::view::View;
use super::effect::{describe, late};
use crate::vocabulary::{Flaw, Outcome, Request};

pub(in super::super) const VALID_HERE: &str = "valid here: the target accepts such a file at a fresh start";
pub(super) const NOT_WAITED_OUT: &str = "neither was a refusal seen nor the apply bound waited out";

/// How many answers of older files stand behind the word that a file was not taken.
const LEAST_OLDER: usize = 3;

pub(super) fn changes_nothing(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        // What the target itself reports as refused may change no traffic, even if a fresh start accepts it.
        if !view.is_bad(life, write) {
            return Opinion::unsupported(VALID_HERE);
        }
        let until = life
            .next_change(write.config.begin)
            .map_or(life.asked, |good| good.config.begin);
        let odd: Vec<&Write<'_>> = view.odd_files(life).collect();
        let meanwhile = |r: &Request| r.at >= write.config.begin && r.begin < until;
        let judged: Vec<&Request> = life.judged().filter(|request| meanwhile(request)).collect();
        // A marker of the bad file itself speaks against it whenever it comes.
        let wrong: Vec<&Request> = life
            .judged()
            .filter(|request| {
                names(request, write.generation())
                    || (meanwhile(request)
                        && !as_before(view, life, request)
                        && !is_of_odd_file(view, life, &odd, request))
            })
            .collect();
        let against = wrong.first().map(|first| {
            Seen::new(
                format!(
                    "every answer is wholly of {} or older",
                    life.newest_before(write.config.begin)
                ),
                format!(
                    "{} of {} requests {} the bad file ({}): {}",
                    wrong.len(),
                    judged.len().max(wrong.len()),
                    if wrong.iter().all(|request| meanwhile(request)) {
                        "after"
                    } else {
                        "after, some of them long after,"
                    },
                    write.generation(),
                    describe_markers(first)
                ),
            )
            .resting_on(&wrong)
        });
        if against.is_none() && !waited_out(view, life, write) && !view.says_refused(life, write) {
            return Opinion::inconclusive(NOT_WAITED_OUT);
        }
        let answered = judged
            .iter()
            .filter(|request| request.generation().is_some())
            .count();
        Opinion::of_trials(against, answered, 10)
    })
}

/// Whether a file was given the apply bound, before the next one came or the run ended.
pub(super) fn waited_out(view: &View<'_>, life: &Life<'_>, write: &Write<'_>) -> bool {
    let until = write.until.min(life.asked);
    until.saturating_sub(write.told()) >= view.apply_bound()
}

/// Whether a request got what it would have got without what is being judged: a whole answer of a good file, and on a fresh
/// connection none that is older than one whose mixing window had closed.
pub(super) fn as_before(view: &View<'_>, life: &Life<'_>, request: &Request) -> bool {
    if failure(request).is_some() {
        return false;
    }
    let Outcome::Answered { markers, .. } = &request.outcome else {
        return true;
    };
    view.whole(markers).is_some_and(|generation| {
        let is_current = !request.is_fresh() || life.is_current(request, generation, view.facts);
        is_current && life.knows(generation, request.at)
    })
}

/// Whether what a request got may stem from a flawed file that is valid here: it was applied, rightly, and lives on in
/// mixing windows and on kept connections.
fn is_of_odd_file(view: &View<'_>, life: &Life<'_>, odd: &[&Write<'_>], request: &Request) -> bool {
    odd.iter().any(|write| {
        let next = life.next_change(write.config.begin);
        let seen = next.and_then(|good| good.seen);
        let closed = next.and_then(|good| good.window_closed(view.facts));
        let in_force = |r: &Request| r.at >= write.config.begin && seen.is_none_or(|seen| r.connect <= seen);
        // Past its own time, only what is known to be its doing: its markers, or what it answered while it was in force.
        let is_its_doing = || {
            !request.is_fresh()
                || names(request, write.generation())
                || life.judged().any(|r| in_force(r) && r.outcome == request.outcome)
        };
        let lingers = || request.at >= write.config.begin && closed.is_none_or(|at| request.connect <= at);
        in_force(request) || (lingers() && is_its_doing())
    })
}

pub(super) fn describe_markers(request: &Request) -> String {
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

/// Of a flaw that every proxy should refuse: there is no "valid here".
pub(super) fn is_refused(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let expected = "the file is refused, by a reload and by a fresh start";
        let served: Vec<&Request> = life
            .judged()
            .filter(|request| names(request, write.generation()))
            .collect();
        if let Some(first) = served.first() {
            let observed = format!("it was taken: {}", describe_markers(first));
            return Opinion::not_met(Seen::new(expected, observed).resting_on(&served));
        }
        let is_refused = view.says_refused(life, write);
        if !is_refused && !view.is_bad(life, write) {
            let observed = if write.config.layout.in_parts {
                "a fresh start serves the files together, and a reload passes the one over without a word"
            } else {
                "a fresh start takes it, and a reload does not"
            };
            return Opinion::not_met(Seen::new(expected, observed).at(write.config.at));
        }
        if !is_refused && !waited_out(view, life, write) {
            return Opinion::inconclusive(NOT_WAITED_OUT);
        }
        let older = |request: &&Request| {
            request.begin > write.config.at && request.begin < write.until && request.generation().is_some()
        };
        Opinion::of_trials(None, life.judged().filter(older).count(), LEAST_OLDER)
    })
}

pub(super) fn is_observed(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        if view.says_refused(life, write) {
            return Opinion::met();
        }
        if !view.is_bad(life, write) {
            return Opinion::unsupported(VALID_HERE);
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
                "neither came within the apply bound, though the same file is refused at a fresh start",
            )
            .at(write.config.at),
        )
    })
}

pub(super) fn recovers(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let next = life.next_change(write.config.begin).filter(|good| good.awaited);
        let Some(good) = next else {
            return Opinion::inconclusive("no good file was delivered after the bad one");
        };
        let late = late(view, life, good, "the good file after the bad one");
        match (view.is_bad(life, write), late) {
            (true, late) => late.unwrap_or_else(Opinion::met),
            (false, None) => Opinion::unsupported(VALID_HERE),
            // It may have asked for just that: to listen no more, to take no more files.
            (false, Some(_)) => {
                Opinion::inconclusive(format!("{VALID_HERE}, and the good file after it was not served"))
            }
        }
    })
}

/// One opinion a kind of bad file that the case tries: the weightiest, where several of a kind were delivered.
pub(super) fn for_each_flaw(
    view: &View<'_>,
    judge: impl Fn(&Life<'_>, &Write<'_>) -> Opinion,
) -> Vec<Opinion> {
    if view.plan.flaws.is_empty() {
        return vec![Opinion::unsupported("the target cannot be given a bad file")];
    }
    view.plan
        .flaws
        .iter()
        .map(|flaw| {
            let tried = view.fresh_starts.iter().any(|start| start.flaw == *flaw);
            let judged = written(view, *flaw).map(|(life, write)| judge(life, write));
            let opinion = match Opinion::weightiest(judged) {
                Some(opinion) if tried => opinion,
                Some(_) => Opinion::inconclusive("the file was not tried at a fresh start"),
                None => Opinion::inconclusive("the file was not delivered: the run ended before"),
            };
            opinion.about(flaw.name())
        })
        .collect()
}

fn written<'v, 'a>(view: &'v View<'a>, flaw: Flaw) -> impl Iterator<Item = (&'v Life<'a>, &'v Write<'a>)> {
    view.lives.iter().flat_map(move |life| {
        life.writes
            .iter()
            .filter(move |write| write.config.flaw == Some(flaw))
            .map(move |write| (life, write))
    })
}
