//! Does a change take effect, and does the old configuration then let go?

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::register::Installed;
use super::super::view::{MS, View};
use super::ms;
use crate::vocabulary::{Generation, Marker, Nanos, Outcome, Request, TriggerAnswer};

/// Below so many requests after a time, their silence says too little about it.
pub(super) const LEAST_AFTER: usize = 10;

/// Every awaited change of every life; one opinion a delivery pattern.
pub(super) fn takes_effect(view: &View<'_>) -> Vec<Opinion> {
    let planned = &view.plan.lives;
    let tried = view.lives.iter().enumerate().map(|(index, life)| {
        let least = planned.get(index).map_or(1, |planned| planned.awaited);
        effect_in(view, life, least.max(1)).about(life.delivery.name())
    });
    let untried = planned
        .iter()
        .skip(view.lives.len())
        .map(|planned| Opinion::inconclusive("it was not tried").about(planned.delivery.name()));
    by_subject(tried.chain(untried))
}

/// Several processes may be asked the same: one opinion then, the weightiest, which rests on the trials of all.
fn by_subject(all: impl Iterator<Item = Opinion>) -> Vec<Opinion> {
    let mut merged: Vec<Opinion> = Vec::new();
    for opinion in all {
        match merged.iter_mut().find(|known| known.subject == opinion.subject) {
            None => merged.push(opinion),
            Some(known) => {
                let trials = known.trials.unwrap_or(0) + opinion.trials.unwrap_or(0);
                let weightiest = Opinion::weightiest([known.clone(), opinion]);
                if let Some(weightiest) = weightiest {
                    *known = weightiest.trials(trials as usize);
                }
            }
        }
    }
    merged
}

fn effect_in(view: &View<'_>, life: &Life<'_>, least: usize) -> Opinion {
    let awaited: Vec<&Write<'_>> = life.changes().filter(|write| write.awaited).collect();
    let name = |index| format!("change {} of {}", index + 1, awaited.len());
    let late = awaited
        .iter()
        .enumerate()
        .filter_map(|(index, write)| late(view, life, write, &name(index)));
    match Opinion::weightiest(late) {
        Some(opinion) => opinion.trials(awaited.len()),
        None => Opinion::of_trials(None, awaited.len(), least),
    }
}

/// What there is to say of a change that did not take effect within its bound.
pub(super) fn late(view: &View<'_>, life: &Life<'_>, write: &Write<'_>, name: &str) -> Option<Opinion> {
    let bound = view.apply_bound();
    let observed = match write.latency() {
        Some(latency) if latency <= bound => return None,
        Some(latency) => format!(
            "{name} ({}) was first served after {}",
            write.generation(),
            ms(latency)
        ),
        None => {
            let last = life
                .traffic()
                .filter(|r| r.at >= write.told() && r.at < write.until)
                .last();
            let instead = last.map_or_else(|| "nothing was answered".to_owned(), describe);
            format!(
                "{name} ({}) was never served; at last {instead}{}",
                write.generation(),
                answer(write)
            )
        }
    };
    if let Some(why) = view.starved(write.config.begin, write.told().saturating_add(bound), bound) {
        return Some(Opinion::inconclusive(why));
    }
    let expected = format!(
        "an answer of {} within {} of its {}",
        write.generation(),
        ms(bound),
        if write.trigger.is_some() {
            "trigger"
        } else {
            "delivery"
        }
    );
    Some(Opinion::not_met(Seen::new(expected, observed).at(write.told())))
}

/// What the trigger answered, if that was not a yes.
fn answer(write: &Write<'_>) -> String {
    match write.trigger {
        Some((_, _, TriggerAnswer::Refused(said))) => format!("; the trigger was refused: {said}"),
        Some((_, _, TriggerAnswer::NotSent(why))) => format!("; the trigger could not be sent: {why}"),
        _ => String::new(),
    }
}

/// What a request got, in words.
pub(super) fn describe(request: &Request) -> String {
    match &request.outcome {
        Outcome::Answered { status, markers, .. } => match markers.generation() {
            Some(generation) => format!("{generation} answered, with status {status}"),
            None => format!("status {status} without a stamp was answered"),
        },
        Outcome::Refused => "the connect was refused".into(),
        Outcome::Reset { phase } => format!("the connection was reset ({phase:?})").to_lowercase(),
        Outcome::Ended { phase } => format!("the connection ended ({phase:?})").to_lowercase(),
        Outcome::TimedOut { phase } => format!("nothing came in time ({phase:?})").to_lowercase(),
        Outcome::Malformed { detail } => format!("the answer was malformed: {detail}"),
        Outcome::Unprocessed => "it was said not to be processed".into(),
        Outcome::NotSent => "the connection had been closed before".into(),
        Outcome::Harness { detail } => format!("the harness failed: {detail}"),
    }
}

pub(super) fn mixing_window_closes(view: &View<'_>) -> Vec<Opinion> {
    vec![older_after(
        view,
        |life, one| one.window_closed(life, view.facts),
        &|at| format!("no older answer once the window had closed at {}", ms(at)),
    )]
}

pub(super) fn no_mixing(view: &View<'_>) -> Vec<Opinion> {
    vec![older_after(view, |_, one| one.seen(), &|at| {
        format!("no older answer after the new one was seen at {}", ms(at))
    })]
}

/// Answers on fresh connections that are older than what was final, of files and rollbacks, when they began to connect.
pub(super) fn older_after(
    view: &View<'_>,
    is_final: impl Fn(&Life<'_>, Installed<'_, '_>) -> Option<Nanos>,
    expected: &dyn Fn(Nanos) -> String,
) -> Opinion {
    let mut trials = 0;
    let mut older = Vec::new();
    let mut first: Option<(Nanos, Generation)> = None;
    for life in &view.lives {
        let finals: Vec<(Nanos, usize, Generation)> = life
            .installed()
            .into_iter()
            .filter_map(|one| Some((is_final(life, one)?, one.rank(), one.generation())))
            .collect();
        for request in life.traffic().filter(|request| request.is_fresh()) {
            let newest = finals
                .iter()
                .filter(|(at, ..)| *at < request.connect)
                .max_by_key(|(_, rank, _)| *rank);
            let Some(&(at, rank, newest)) = newest else {
                continue;
            };
            let Some(generation) = request.generation() else {
                continue;
            };
            trials += 1;
            if life.rank_of(generation, request.at) < rank {
                first.get_or_insert((at, newest));
                older.push(request);
            }
        }
    }
    let against = first.zip(older.first().copied()).map(|((at, newest), request)| {
        let last = older.iter().map(|request| request.at).max().unwrap_or(at);
        let got = request.generation().map_or_else(String::new, |generation| generation.to_string());
        Seen::new(
            expected(at),
            format!(
                "{} of {trials} fresh requests got an older answer, the first {got} instead of {newest}, the last of them {} after",
                older.len(),
                ms(last.saturating_sub(at)),
            ),
        )
        .resting_on(&older)
    });
    Opinion::of_trials(against, trials, LEAST_AFTER)
}

pub(super) fn old_origin_gets_nothing(view: &View<'_>) -> Vec<Opinion> {
    if view.facts.origins < 2 {
        return vec![Opinion::unsupported("there is one origin only")];
    }
    if !view.facts.bears(Marker::Origin) {
        return vec![Opinion::unsupported(
            "the origin is no marker of the target's configuration",
        )];
    }
    vec![after_window(
        view,
        fresh,
        "the origin of the newest generation",
        |request, newest| {
            let right = view.origin_of(newest);
            let arrivals = view.arrivals(request);
            // One that was sent on twice has to come right twice.
            let told = arrivals
                .iter()
                .find(|arrival| arrival.origin != right)
                .or(arrivals.first())?;
            Some((
                told.origin == right,
                format!("origin {} got it instead of {right}", told.origin),
            ))
        },
    )]
}

pub(super) fn credential_takes_effect(view: &View<'_>) -> Vec<Opinion> {
    if !view.facts.bears(Marker::Credential) {
        return vec![Opinion::unsupported(
            "the credential is no marker of the target's configuration",
        )];
    }
    vec![after_window(
        view,
        fresh,
        "the credential of the newest generation",
        |request, newest| {
            let Outcome::Answered { markers, .. } = &request.outcome else {
                return None;
            };
            // What no origin answered tells nothing of what an origin received.
            markers.origin.as_ref()?;
            let got = markers.credential.as_deref();
            let observed = format!("the origin received {}", got.unwrap_or("none"));
            Some((got == Some(newest.credential().as_str()), observed))
        },
    )]
}

pub(super) fn kept_connections_follow(view: &View<'_>) -> Vec<Opinion> {
    vec![after_window(
        view,
        |request| (!request.is_fresh()).then_some(request.begin),
        "the newest generation",
        |request, newest| {
            let generation = request.generation()?;
            Some((
                generation >= newest,
                format!("{generation} answered instead of {newest}"),
            ))
        },
    )]
}

/// A fresh request begins with its connection.
fn fresh(request: &Request) -> Option<Nanos> {
    request.is_fresh().then_some(request.connect)
}

/// Judges each request that began after the mixing window of the newest change, and before the next change. `begun` says of a
/// request of the kind to be judged when it began.
fn after_window(
    view: &View<'_>,
    begun: impl Fn(&Request) -> Option<Nanos>,
    expected: &str,
    right: impl Fn(&Request, Generation) -> Option<(bool, String)>,
) -> Opinion {
    let mut trials = 0;
    let mut wrong: Vec<(&Request, String)> = Vec::new();
    for life in &view.lives {
        for write in life.changes() {
            let Some(closed) = write.window_closed(view.facts) else {
                continue;
            };
            let within = life
                .traffic()
                .filter(|r| begun(r).is_some_and(|begin| begin > closed) && r.at < write.until);
            for request in within {
                let Some((is_right, observed)) = right(request, write.generation()) else {
                    continue;
                };
                trials += 1;
                if !is_right {
                    wrong.push((request, observed));
                }
            }
        }
    }
    let requests: Vec<&Request> = wrong.iter().map(|(request, _)| *request).collect();
    let against = wrong.first().map(|(_, observed)| {
        Seen::new(
            expected,
            format!("{} of {trials} requests: {observed}", wrong.len()),
        )
        .resting_on(&requests)
    });
    Opinion::of_trials(against, trials, LEAST_AFTER)
}

/// How many requests were under way while some change was taking effect, and how many changes did.
pub(super) fn overlap(view: &View<'_>) -> (usize, usize) {
    let swaps: Vec<(Nanos, Nanos)> = view
        .lives
        .iter()
        .flat_map(Life::installed)
        .filter_map(|one| Some((one.begin(), one.seen()?.saturating_add(50 * MS))))
        .collect();
    let under_way = view
        .lives
        .iter()
        .flat_map(Life::traffic)
        .filter(|request| {
            swaps
                .iter()
                .any(|(from, to)| request.begin <= *to && request.at >= *from)
        })
        .count();
    (under_way, swaps.len())
}
