//! Under load, each request is answered once, wholly, by one configuration.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::request::{failure, is_keepalive_race};
use super::super::view::View;
use super::effect::{describe, overlap};
use crate::vocabulary::{Outcome, Request};

/// Below so many requests under way during changes, silence says too little.
const LEAST_REQUESTS: usize = 200;
/// The same where the changes come in one burst, which is a single short swap.
const LEAST_REQUESTS_OVER_A_BURST: usize = 50;
/// Below so many changes, too.
const LEAST_CHANGES: usize = 20;

pub(super) fn never_torn(view: &View<'_>) -> Vec<Opinion> {
    if view.facts.markers.len() < 2 {
        return vec![Opinion::unsupported(
            "the target's configuration bears one marker only",
        )];
    }
    vec![unless(
        view,
        "all markers of one generation that was delivered",
        |life, request| {
            match &request.outcome {
                // An error of the proxy's own making has no origin; it is judged as such.
                Outcome::Answered { status, markers, .. } if *status < 400 || markers.origin.is_some() => {
                    match view.whole(markers) {
                        Some(generation) if life.knows(generation, request.at) => None,
                        Some(generation) => Some(format!("{generation}, which was never delivered")),
                        None => Some(format!(
                            "stamp {}, origin {}, upstream stamp {}, credential {}",
                            markers.stamp.as_deref().unwrap_or("none"),
                            markers.origin.as_deref().unwrap_or("none"),
                            markers.upstream.as_deref().unwrap_or("none"),
                            markers.credential.as_deref().unwrap_or("none"),
                        )),
                    }
                }
                _ => None,
            }
        },
    )]
}

pub(super) fn no_failed_request(view: &View<'_>) -> Vec<Opinion> {
    let bad = |request: &Request| failure(request).is_some();
    if let Some(why) = view.starved_of_answers(view.lives.iter().flat_map(Life::traffic).filter(|r| bad(r))) {
        return vec![Opinion::inconclusive(why)];
    }
    vec![unless(view, "an answer to every request", |_, request| {
        bad(request).then(|| describe(request))
    })]
}

pub(super) fn no_error_status(view: &View<'_>) -> Vec<Opinion> {
    vec![unless(view, "the origin's answer", |_, request| {
        match &request.outcome {
            Outcome::Answered { status, .. } if *status >= 400 => Some(format!("status {status}")),
            _ => None,
        }
    })]
}

pub(super) fn no_keepalive_race(view: &View<'_>) -> Vec<Opinion> {
    let kept: Vec<&Request> = view
        .lives
        .iter()
        .flat_map(Life::judged)
        .filter(|r| !r.is_fresh())
        .collect();
    let races: Vec<&Request> = kept
        .iter()
        .copied()
        .filter(|request| is_keepalive_race(request))
        .collect();
    let against = races.first().map(|_| {
        Seen::new(
            "kept connections end between requests only after the client was told",
            format!(
                "{} of {} requests on kept connections met the end of theirs",
                races.len(),
                kept.len()
            ),
        )
        .resting_on(&races)
    });
    vec![Opinion::of_trials(against, kept.len(), 1)]
}

/// Looks for requests of loads and probes that speak against the target, and wants enough of them that ran over a change.
fn unless(
    view: &View<'_>,
    expected: &str,
    against: impl Fn(&Life<'_>, &Request) -> Option<String>,
) -> Opinion {
    let mut wrong: Vec<(&Request, String)> = Vec::new();
    let mut trials = 0;
    for life in &view.lives {
        for request in life.traffic() {
            trials += 1;
            if let Some(observed) = against(life, request) {
                wrong.push((request, observed));
            }
        }
    }
    if let Some((_, observed)) = wrong.first() {
        let requests: Vec<&Request> = wrong.iter().map(|(request, _)| *request).collect();
        let seen = Seen::new(
            expected,
            format!("{} of {trials} requests; the first: {observed}", wrong.len()),
        );
        return Opinion::not_met(seen.resting_on(&requests)).trials(trials);
    }
    let (under_way, changes) = overlap(view);
    let is_burst = view.plan.lives.iter().all(|life| life.awaited < LEAST_CHANGES);
    let least = if is_burst {
        LEAST_REQUESTS_OVER_A_BURST
    } else {
        LEAST_REQUESTS
    };
    if under_way < least || changes < LEAST_CHANGES {
        return Opinion::inconclusive(format!(
            "{under_way} requests ran over {changes} changes; {least} over {LEAST_CHANGES} are needed"
        ))
        .trials(under_way);
    }
    Opinion::met().trials(under_way)
}
