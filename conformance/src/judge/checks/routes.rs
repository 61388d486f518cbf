//! What a change does to routes beside the one for all paths: those that stay, and those that go.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::effect::describe;
use super::ms;
use super::rejection::describe_markers;
use crate::vocabulary::{Layout, LeadsTo, Outcome, Purpose, Request};

/// Below so many answers, silence says too little.
const LEAST_ANSWERS: usize = 100;
/// Below so many changes, too. Slow targets do not come to more.
const LEAST_CHANGES: usize = 3;

/// Whether a layout has a route that leads to the origin apart.
pub(super) fn leads_apart(layout: &Layout, number: u8) -> bool {
    let mut routes = layout.routes.iter();
    routes.any(|route| route.number == number && route.leads_to == LeadsTo::Apart)
}

/// The name of the origin that is no generation's.
fn apart(view: &View<'_>) -> String {
    format!("o{}", view.facts.origins)
}

/// Whether an answer came from the origin that is no generation's.
pub(super) fn is_from_apart(view: &View<'_>, request: &Request) -> bool {
    matches!(&request.outcome, Outcome::Answered { status: 200, markers, intact: true, .. }
        if markers.origin.as_deref() == Some(apart(view).as_str()))
}

pub(super) fn unchanged_stays(view: &View<'_>) -> Vec<Opinion> {
    let (mut answers, mut changes) = (0, 0);
    let mut wrong: Vec<&Request> = Vec::new();
    for life in &view.lives {
        changes += life.changes().filter(|write| write.seen.is_some()).count();
        let always = |number| {
            let all = life.writes.iter().map(|write| &write.config.layout);
            leads_apart(life.first_layout, number) && all.clone().all(|layout| leads_apart(layout, number))
        };
        for request in life.elsewhere().filter(|request| always(request.route)) {
            // What no answer came to is judged elsewhere, for whichever route.
            if !matches!(request.outcome, Outcome::Answered { .. }) {
                continue;
            }
            answers += 1;
            if !is_from_apart(view, request) {
                wrong.push(request);
            }
        }
    }
    let against = wrong.first().map(|first| {
        let observed = format!(
            "{} of {answers} answers: {}",
            wrong.len(),
            describe_markers(first)
        );
        let expected = format!(
            "the answer of origin {}, to which the route always leads",
            apart(view)
        );
        Seen::new(expected, observed).resting_on(&wrong)
    });
    if against.is_none() && changes < LEAST_CHANGES {
        return vec![Opinion::inconclusive(format!(
            "{changes} changes, at least {LEAST_CHANGES} are needed"
        ))];
    }
    vec![Opinion::of_trials(against, answers, LEAST_ANSWERS)]
}

/// Changes that take a route away, each with its number.
fn removals<'v, 'a>(view: &'v View<'a>) -> Vec<(&'v Life<'a>, &'v Write<'a>, u8)> {
    let mut all = Vec::new();
    for life in &view.lives {
        let mut before = life.first_layout;
        for write in life.changes() {
            let gone = before.routes.iter().map(|route| route.number);
            let gone = gone
                .filter(|number| leads_apart(before, *number) && !leads_apart(&write.config.layout, *number));
            all.extend(gone.map(|number| (life, write, number)));
            before = &write.config.layout;
        }
    }
    all
}

pub(super) fn removed_is_gone(view: &View<'_>) -> Vec<Opinion> {
    let opinions = removals(view).into_iter().map(|(life, write, number)| {
        let Some(closed) = write.window_closed(view.facts) else {
            return Opinion::inconclusive("the change was not seen to take effect");
        };
        let later: Vec<&Request> = life
            .elsewhere()
            .filter(|request| request.route == number && request.is_fresh())
            .filter(|request| request.connect > closed && request.at < write.until)
            .collect();
        let led: Vec<&Request> = later.iter().copied().filter(|r| is_from_apart(view, r)).collect();
        let against = led.first().map(|_| {
            let observed = format!("{} of {} requests there still led to it", led.len(), later.len());
            let expected = format!("from {} on, no request leads to where the route led", ms(closed));
            Seen::new(expected, observed).resting_on(&led)
        });
        Opinion::of_trials(against, later.len(), 1)
    });
    vec![Opinion::weightiest(opinions).unwrap_or_else(|| Opinion::inconclusive("no route was taken away"))]
}

pub(super) fn removed_finishes(view: &View<'_>) -> Vec<Opinion> {
    let mut over = 0;
    let mut cut: Vec<&Request> = Vec::new();
    for (life, write, number) in removals(view) {
        let Some(seen) = write.seen else { continue };
        for request in life.elsewhere() {
            let is_held = matches!(request.purpose, Purpose::Held(_)) && request.route == number;
            if is_held && request.begin < write.config.begin && request.at > write.config.begin {
                over += usize::from(request.at > seen);
                if !is_from_apart(view, request) {
                    cut.push(request);
                }
            }
        }
    }
    if let Some(why) = view.starved_of_answers(cut.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let against = cut.first().map(|first| {
        let observed = format!("{} requests that were in flight: {}", cut.len(), describe(first));
        let expected = format!("the whole answer of origin {}", apart(view));
        Seen::new(expected, observed).resting_on(&cut)
    });
    vec![Opinion::of_trials(against, over, 1)]
}
