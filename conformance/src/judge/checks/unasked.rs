//! The checks that every case makes without being asked.

use super::super::opinion::{Opinion, Seen};
use super::super::view::{Life, MS, View};
use super::ms;
use crate::vocabulary::{Event, Nanos, Outcome, Request};

pub(super) fn becomes_ready(view: &View<'_>) -> Vec<Opinion> {
    let bound = view.facts.ready_within_ms;
    let failed = view.lives.iter().find_map(|life| {
        life.events.iter().find_map(|event| match event {
            Event::NotReady { at, seen } => Some((life, *at, seen)),
            _ => None,
        })
    });
    let opinion = match failed {
        Some((life, at, seen)) => match view.starved(life.began, at, bound * MS) {
            Some(why) => Opinion::inconclusive(why),
            None => Opinion::not_met(
                Seen::new(
                    format!("{} is served within {bound} ms of the start", life.first),
                    seen.clone(),
                )
                .at(at),
            ),
        },
        None => Opinion::of_trials(None, view.lives.len(), 1),
    };
    vec![opinion]
}

pub(super) fn stays_alive(view: &View<'_>) -> Vec<Opinion> {
    vec![first_event(
        view,
        "the started process lives until it is asked to stop",
        |event| match event {
            Event::Exited { at, status } => Some((*at, format!("it ended by itself: {status}"))),
            _ => None,
        },
    )]
}

pub(super) fn nothing_left_behind(view: &View<'_>) -> Vec<Opinion> {
    let expected = format!(
        "no process of the target {} ms after the stop signal",
        view.facts.stop_within_ms
    );
    vec![first_event(view, &expected, |event| match event {
        Event::LeftBehind { at, pid, command } => Some((
            *at,
            format!("process {pid} ({command}) was still there, and was killed"),
        )),
        _ => None,
    })]
}

pub(super) fn no_fatal_line(view: &View<'_>) -> Vec<Opinion> {
    let Some(fatal) = &view.fatal else {
        return vec![Opinion::met()];
    };
    let line = view
        .lives
        .iter()
        .flat_map(|life| &life.logs)
        .find(|(_, line)| fatal.is_match(line));
    vec![match line {
        Some((at, line)) => Opinion::not_met(Seen::new("no fatal line in the log", *line).at(*at)),
        None => Opinion::met(),
    }]
}

pub(super) fn no_refused_connect(view: &View<'_>) -> Vec<Opinion> {
    let tried: Vec<&Request> = view
        .lives
        .iter()
        .flat_map(|life| life.requests.iter().copied().filter(|r| listening(life, r)))
        .collect();
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
    // Without a connect nothing was refused; a target that never got ready is another check's.
    vec![Opinion::of_trials(against, tried.len(), 0)]
}

/// Whether the target had to listen when the request's connection was made.
fn listening(life: &Life<'_>, request: &Request) -> bool {
    let exited = life.events.iter().find_map(|event| match event {
        Event::Exited { at, .. } => Some(*at),
        _ => None,
    });
    request.is_fresh()
        && life.serving().is_some_and(|(from, to)| {
            request.connect >= from && request.at < to && exited.is_none_or(|exited| request.connect < exited)
        })
}

fn first_event(
    view: &View<'_>,
    expected: &str,
    against: impl Fn(&Event) -> Option<(Nanos, String)>,
) -> Opinion {
    let found = view
        .lives
        .iter()
        .flat_map(|life| &life.events)
        .find_map(|event| against(event));
    match found {
        Some((at, observed)) => Opinion::not_met(Seen::new(expected, observed).at(at)),
        None => Opinion::met(),
    }
}
