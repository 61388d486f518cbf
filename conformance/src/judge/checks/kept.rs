//! What a change does to connections that are kept: do they follow, are they retired politely, is a request lost over it?

use std::collections::BTreeMap;

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::register::Installed;
use super::super::request::is_keepalive_race;
use super::super::view::{MS, View};
use super::connections::{held, outlasted_change};
use super::effect::describe;
use super::ms;
use crate::vocabulary::{Condition, Event, Held, Nanos, Outcome, Purpose, Request};

/// Requests on kept connections, that are no one-time holds.
fn kept<'v>(life: &'v Life<'_>) -> impl Iterator<Item = &'v Request> {
    life.judged().filter(|request| {
        !request.is_fresh() && matches!(request.purpose, Purpose::Load | Purpose::Held(Held::Idle))
    })
}

pub(super) fn follow_at_once(view: &View<'_>) -> Vec<Opinion> {
    let older = older_after(view, |one: Installed<'_, '_>| one.seen());
    let against = behind(&older, "the newest generation that had been seen", |one| {
        ms(one.seen().unwrap_or_default())
    });
    vec![Opinion::of_trials(against, carried_over(view), 1)]
}

pub(super) fn follow_once_drained(view: &View<'_>) -> Vec<Opinion> {
    let Some(drained) = view.facts.drained_within_ms() else {
        return vec![Opinion::unsupported(format!(
            "the target drains old connections for {} s, which is longer than a case waits",
            view.facts.drain_bound_ms / 1_000
        ))];
    };
    let over = |one: Installed<'_, '_>| Some(one.seen()?.saturating_add(drained.saturating_mul(MS)));
    let older = older_after(view, over);
    let expected = format!("no older answer {drained} ms after the new generation was seen");
    if let Some(against) = behind(&older, &expected, |one| ms(over(one).unwrap_or_default())) {
        return vec![Opinion::not_met(against)];
    }
    let unmet = view.lives.iter().flat_map(|life| &life.events).any(|event| {
        matches!(
            event,
            Event::Waited {
                condition: Condition::KeptFollow,
                met: false,
                ..
            }
        )
    });
    if unmet {
        return vec![Opinion::inconclusive(
            "a task did not come to the newest generation, but asked nothing on an old connection once it had to be drained",
        )];
    }
    vec![Opinion::of_trials(None, carried_over(view), 1)]
}

/// As [`older_after`], at once, of these requests.
pub(super) fn behind_at_once<'v>(view: &'v View<'_>, which: fn(&Request) -> bool) -> Option<Seen> {
    let of = |life: &'v Life<'_>| {
        life.elsewhere()
            .filter(move |request| !request.is_fresh() && which(request))
            .collect()
    };
    let older = older_of(view, of, |one: Installed<'_, '_>| one.seen());
    behind(&older, "the newest generation that had been seen", |one| {
        ms(one.seen().unwrap_or_default())
    })
}

/// Requests on kept connections that got an older generation than one that was to hold for them when they began.
fn older_after<'v, 'a>(
    view: &'v View<'a>,
    holds: impl Fn(Installed<'_, '_>) -> Option<Nanos>,
) -> Vec<(&'v Request, Installed<'v, 'a>)> {
    older_of(view, |life| kept(life).collect(), holds)
}

fn older_of<'v, 'a>(
    view: &'v View<'a>,
    of: impl Fn(&'v Life<'a>) -> Vec<&'v Request>,
    holds: impl Fn(Installed<'_, '_>) -> Option<Nanos>,
) -> Vec<(&'v Request, Installed<'v, 'a>)> {
    let mut older = Vec::new();
    for life in &view.lives {
        let installed = life.installed();
        for request in of(life) {
            let held_then = |one: &Installed<'_, '_>| holds(*one).is_some_and(|at| at < request.begin);
            // A connection that was made since proves nothing of old ones.
            let newest = installed
                .iter()
                .copied()
                .filter(|one| one.begin() > request.connect)
                .rfind(held_then);
            let (Some(newest), Some(got)) = (newest, request.generation()) else {
                continue;
            };
            if life.rank_of(got, request.at) < newest.rank() {
                older.push((request, newest));
            }
        }
    }
    older
}

fn behind(
    older: &[(&Request, Installed<'_, '_>)],
    expected: &str,
    since: impl Fn(Installed<'_, '_>) -> String,
) -> Option<Seen> {
    let (first, newest) = older.first()?;
    let requests: Vec<&Request> = older.iter().map(|(request, _)| *request).collect();
    let observed = format!(
        "{} requests on kept connections got an older answer: {} at {}, though {} held for them since {}",
        older.len(),
        describe(first),
        ms(first.begin),
        newest.generation(),
        since(*newest)
    );
    Some(Seen::new(expected, observed).resting_on(&requests))
}

/// How many kept connections had borne a request before some change was delivered: each either followed or was retired.
fn carried_over(view: &View<'_>) -> usize {
    view.lives
        .iter()
        .map(|life| {
            let Some(last) = life.changes().map(|write| write.config.begin).max() else {
                return 0;
            };
            let mut before: Vec<u64> = kept(life)
                .filter(|request| request.connect < last)
                .map(|request| request.connection)
                .collect();
            before.sort_unstable();
            before.dedup();
            before.len()
        })
        .sum()
}

pub(super) fn retirement_is_announced(view: &View<'_>) -> Vec<Opinion> {
    let mut pairs: BTreeMap<u64, Vec<(&Life<'_>, &Request)>> = BTreeMap::new();
    for (life, request) in held(view, Held::Pair) {
        pairs.entry(request.connection).or_default().push((life, request));
    }
    let mut trials = 0;
    let mut silent: Vec<&Request> = Vec::new();
    for mut pair in pairs.into_values() {
        pair.sort_by_key(|(_, request)| request.nth);
        let Some((life, first)) = pair.first().copied() else {
            continue;
        };
        let through = first.is_fresh() && outlasted_change(view, life, first.begin, first.at);
        let Outcome::Answered { closes, .. } = first.outcome else {
            continue;
        };
        let second = pair.get(1).map(|(_, request)| *request);
        // One that said that it would end counts, and is not asked again.
        if !through || (second.is_none() && !closes) {
            continue;
        }
        trials += 1;
        silent.extend(second.filter(|request| ends(request)));
    }
    let against = silent.first().map(|first| {
        let observed = format!(
            "{} of {trials} ended without a word: {}",
            silent.len(),
            describe(first)
        );
        Seen::new(
            "an answer with `connection: close`, or a connection that stays",
            observed,
        )
        .resting_on(&silent)
    });
    vec![Opinion::of_trials(against, trials, 1)]
}

/// Whether the connection had ended when a request was made on it, or ended over it.
fn ends(request: &Request) -> bool {
    request.outcome == Outcome::NotSent || is_keepalive_race(request)
}

pub(super) fn no_lost_post(view: &View<'_>) -> Vec<Opinion> {
    let posts: Vec<&Request> = view
        .lives
        .iter()
        .flat_map(Life::judged)
        .filter(|request| request.purpose == Purpose::Post && !request.is_fresh())
        .filter(|request| request.outcome != Outcome::NotSent)
        .collect();
    let lost: Vec<&Request> = posts
        .iter()
        .copied()
        .filter(|request| !matches!(request.outcome, Outcome::Answered { .. }))
        .collect();
    if let Some(why) = view.starved_of_answers(lost.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let against = lost.first().map(|first| {
        let observed = format!("{} of {}: {}", lost.len(), posts.len(), describe(first));
        Seen::new("an answer to every POST", observed).resting_on(&lost)
    });
    vec![Opinion::of_trials(against, posts.len(), LEAST_POSTS)]
}

/// Below so many POSTs on kept connections, silence says too little.
const LEAST_POSTS: usize = 20;
