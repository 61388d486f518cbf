//! The checks that every case makes without being asked.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::{crash, ms, unwatched};
use crate::vocabulary::{Event, Nanos, Outcome, Request};

pub(super) fn becomes_ready(view: &View<'_>) -> Vec<Opinion> {
    let bound = view.facts.ready_within_ms;
    let lives: Vec<&Life<'_>> = unwatched::bound_to_serve(view).collect();
    let failed = lives.iter().filter_map(|life| {
        let (at, seen) = not_ready(life)?;
        if let Some(why) = view.starved(life.began, at, bound.saturating_mul(MS)) {
            return Some(Opinion::inconclusive(why));
        }
        let expected = format!("{} is served within {bound} ms of the start", life.first);
        Some(Opinion::not_met(Seen::new(expected, seen).at(at)))
    });
    let opinion = Opinion::weightiest(failed).unwrap_or_else(|| {
        let ready = lives.iter().filter(|life| life.ready.is_some()).count();
        Opinion::of_trials(None, ready, lives.len().max(1))
    });
    vec![opinion]
}

/// When it was clear that a process would not serve, and what was seen instead.
fn not_ready(life: &Life<'_>) -> Option<(Nanos, String)> {
    if life.ready.is_some() {
        return None;
    }
    life.events.iter().find_map(|event| match event {
        Event::NotReady { at, seen } => Some((*at, seen.clone())),
        Event::Exited { at, status } if life.exited == Some(*at) => Some((*at, ended(life, status))),
        _ => None,
    })
}

pub(super) fn stays_alive(view: &View<'_>) -> Vec<Opinion> {
    let end = unwatched::bound_to_serve(view).find_map(|life| {
        life.events.iter().find_map(|event| match event {
            Event::Exited { at, status } if life.exited == Some(*at) => Some((*at, status, life)),
            _ => None,
        })
    });
    let against = end.map(|(at, status, life)| {
        Seen::new(
            "the started process lives until it is asked to stop",
            ended(life, status),
        )
        .at(at)
    });
    vec![Opinion::of_trials(against, view.lives.len(), 1)]
}

/// How a process ended, and its last words.
fn ended(life: &Life<'_>, status: &str) -> String {
    match life.logs.last() {
        Some((_, line)) => format!("it ended by itself: {status}; it last logged: {line}"),
        None => format!("it ended by itself: {status}; it logged nothing"),
    }
}

pub(super) fn nothing_left_behind(view: &View<'_>) -> Vec<Opinion> {
    let left = view
        .lives
        .iter()
        .flat_map(|life| &life.events)
        .find_map(|event| match event {
            Event::LeftBehind { at, pid, command } => Some((*at, *pid, command)),
            _ => None,
        });
    let against = left.map(|(at, pid, command)| {
        let expected = format!(
            "no process of the target {} ms after the stop signal",
            view.facts.stop_within_ms
        );
        let observed = format!("process {pid} ({command}) was still there, and was killed");
        Seen::new(expected, observed).at(at)
    });
    let is_over = |life: &&Life<'_>| {
        life.events
            .iter()
            .any(|event| matches!(event, Event::Stopped { .. }))
    };
    let over = view.lives.iter().filter(is_over).count();
    vec![Opinion::of_trials(against, over, view.lives.len().max(1))]
}

pub(super) fn no_fatal_line(view: &View<'_>) -> Vec<Opinion> {
    let Some(fatal) = &view.fatal else {
        return vec![Opinion::unsupported(
            "how a fatal line of the target looks is not known",
        )];
    };
    let against = view
        .lives
        .iter()
        .flat_map(|life| &life.logs)
        .find(|(_, line)| fatal.is_match(line))
        .map(|(at, line)| Seen::new("no fatal line in the log", *line).at(*at));
    vec![Opinion::of_trials(against, view.lives.len(), 1)]
}

pub(super) fn no_refused_connect(view: &View<'_>) -> Vec<Opinion> {
    let tried: Vec<&Request> = view.lives.iter().flat_map(|life| connects(view, life)).collect();
    let refused: Vec<&Request> = tried
        .iter()
        .copied()
        .filter(|request| request.outcome == Outcome::Refused)
        .collect();
    let against = refused.first().map(|first| {
        Seen::new(
            "somebody listens at all times",
            format!(
                "{} of {} connects refused, the first at {}",
                refused.len(),
                tried.len(),
                ms(first.at)
            ),
        )
        .resting_on(&refused)
    });
    vec![Opinion::of_trials(against, tried.len(), 1)]
}

/// Connects that were made while the target had to listen.
pub(super) fn connects<'v, 'a>(view: &'v View<'a>, life: &'v Life<'a>) -> Vec<&'a Request> {
    let answered = |request: &&Request| matches!(request.outcome, Outcome::Answered { .. });
    // A process that ends by itself refuses what comes after its last answer; its end is another check's.
    let dead_after = life.exited.map(|_| {
        let last = life.judged().filter(answered).map(|request| request.at).max();
        last.or(life.ready).unwrap_or(life.began)
    });
    let odd: Vec<&Write<'_>> = view.odd_files(life).collect();
    // Who lost all workers may be unheard until one of the new ones answers.
    let gaps = crash::gaps(life);
    life.judged()
        .filter(|request| request.is_fresh())
        .filter(move |request| {
            let is_amid = |(from, to): &(Nanos, Nanos)| request.at >= *from && request.begin <= *to;
            !gaps.iter().any(is_amid)
        })
        .filter(|request| dead_after.is_none_or(|dead| request.connect <= dead))
        .filter(|request| !may_be_unheard(life, &odd, request))
        .collect()
}

/// Whether a flawed file that is valid here, and may name no address at all, may have been in force.
fn may_be_unheard(life: &Life<'_>, odd: &[&Write<'_>], request: &Request) -> bool {
    odd.iter().any(|write| {
        let served_again = life.next_change(write.config.begin).and_then(|good| good.seen);
        request.at >= write.config.begin && served_again.is_none_or(|seen| request.connect <= seen)
    })
}
