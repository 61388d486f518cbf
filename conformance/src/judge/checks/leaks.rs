//! What of a rejected file shows beside the markers: its listeners and its routes.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::rejection::{NOT_WAITED_OUT, VALID_HERE, as_before, describe_markers, for_each_flaw, waited_out};
use super::routes::{is_from_apart, leads_apart};
use crate::vocabulary::{Layout, Outcome, Request};

/// Below so many requests where something could show, silence says too little.
const LEAST_REQUESTS: usize = 20;

pub(super) fn nothing_leaks(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        if !view.is_bad(life, write) {
            return Opinion::unsupported(VALID_HERE);
        }
        let next = life.next_change(write.config.begin);
        let until = next.map_or(life.asked, |good| good.config.begin);
        let layout = layout_before(life, write);
        let odd: Vec<&Write<'_>> = view.odd_files(life).collect();
        let judged: Vec<&Request> = life
            .elsewhere()
            .filter(|request| request.begin >= write.config.begin && request.at < until)
            .collect();
        let leaked: Vec<&Request> = judged
            .iter()
            .copied()
            .filter(|request| shows_more(view, life, layout, request))
            .filter(|request| !odd.iter().any(|odd| stems_from(view, life, odd, request)))
            .collect();
        if let Some(first) = leaked.first() {
            let observed = format!(
                "{} of {} requests; at the {} address, route {}: {}",
                leaked.len(),
                judged.len(),
                first.listener,
                first.route,
                describe_markers(first)
            );
            let expected = format!(
                "listeners and routes are those of {}, as {} is refused",
                life.newest_before(write.config.begin),
                write.generation()
            );
            return Opinion::not_met(Seen::new(expected, observed).resting_on(&leaked));
        }
        if !waited_out(view, life, write) && !view.says_refused(life, write) {
            return Opinion::inconclusive(NOT_WAITED_OUT);
        }
        Opinion::of_trials(None, judged.len(), LEAST_REQUESTS)
    })
}

/// What the newest good file before a bad one has.
fn layout_before<'a>(life: &Life<'a>, write: &Write<'_>) -> &'a Layout {
    let before = |change: &&Write<'a>| change.config.begin < write.config.begin;
    let newest = life.changes().filter(before).last();
    newest.map_or(life.first_layout, |change| &change.config.layout)
}

/// Whether a request met more, or other, than the layout has. That it got no answer is judged elsewhere.
fn shows_more(view: &View<'_>, life: &Life<'_>, layout: &Layout, request: &Request) -> bool {
    let Outcome::Answered { .. } = request.outcome else {
        return false;
    };
    let is_there = request.listener.is_first() || layout.listener == Some(request.listener);
    if !is_there {
        return true;
    }
    if leads_apart(layout, request.route) {
        return !is_from_apart(view, request);
    }
    !as_before(view, life, request)
}

/// Whether an answer may stem from a flawed file that is valid here: it came while that was in force, or it came before what followed that
/// was everywhere, and was like one of those.
fn stems_from(view: &View<'_>, life: &Life<'_>, odd: &Write<'_>, request: &Request) -> bool {
    let next = life.next_change(odd.config.begin);
    let seen = next.and_then(|good| good.seen);
    let everywhere = seen.map(|seen| seen.saturating_add(view.apply_bound()));
    let in_force = |r: &Request| r.at >= odd.config.begin && seen.is_none_or(|seen| r.connect <= seen);
    let is_like = |r: &&Request| {
        in_force(r)
            && (r.listener, r.route) == (request.listener, request.route)
            && r.outcome == request.outcome
    };
    let lingers = request.at >= odd.config.begin && everywhere.is_none_or(|at| request.connect <= at);
    in_force(request) || (lingers && life.elsewhere().any(|r| is_like(&r)))
}
