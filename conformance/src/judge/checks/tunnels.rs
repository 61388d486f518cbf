//! What a change does to tunnels: connections on which client and origin speak another protocol.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::connections::{met_change, outlasted_change};
use super::effect::describe;
use crate::vocabulary::{Held, Outcome, Phase, Purpose, Request};

/// Which kinds there are.
const TUNNELS: [Held; 1] = [Held::WebSocket];
/// The status by which a proxy lets the protocol change (RFC 9110, section 15.2.2).
const SWITCHING: u16 = 101;

fn tunnels<'v>(life: &'v Life<'_>) -> impl Iterator<Item = &'v Request> {
    let is_one =
        |request: &&Request| matches!(request.purpose, Purpose::Held(what) if TUNNELS.contains(&what));
    life.elsewhere().filter(is_one)
}

/// Whether it was ever open.
fn was_open(request: &Request) -> bool {
    match request.outcome {
        Outcome::Answered { status, .. } => status == SWITCHING,
        Outcome::Malformed { .. } => true,
        Outcome::Reset { phase } | Outcome::Ended { phase } | Outcome::TimedOut { phase } => {
            phase == Phase::Body
        }
        Outcome::Refused | Outcome::NotSent | Outcome::Unprocessed | Outcome::Harness { .. } => false,
    }
}

/// On a fresh process a tunnel can be opened.
pub(super) fn is_there(view: &View<'_>) -> Option<Opinion> {
    let mut all = view.lives.iter().flat_map(tunnels).peekable();
    let first = *all.peek()?;
    let opinion = if all.any(was_open) {
        Opinion::met()
    } else {
        Opinion::not_met(Seen::new("status 101, and a tunnel", describe(first)).resting_on(&[first]))
    };
    Some(opinion.about("http_upgrade"))
}

pub(super) fn survive(view: &View<'_>) -> Vec<Opinion> {
    let drain = view.facts.drain_bound_ms.saturating_mul(MS);
    let (mut through, mut drained) = (0, 0);
    let mut wrong: Vec<&Request> = Vec::new();
    for life in &view.lives {
        for request in tunnels(life).filter(|request| was_open(request)) {
            let over = |request: &Request| met_change(view, life, request.begin, request.at);
            if !over(request) || is_sound(request) {
                through += usize::from(outlasted_change(view, life, request.begin, request.at));
                continue;
            }
            // Who served it from before the first change may let go of it once that is documented to be over.
            let mut changes = life.changes().map(|write| write.config.begin);
            let first = changes.find(|begin| *begin > request.begin);
            let is_cut = matches!(request.outcome, Outcome::Ended { .. } | Outcome::Reset { .. });
            if is_cut && first.is_some_and(|first| request.at >= first.saturating_add(drain)) {
                drained += 1;
            } else {
                wrong.push(request);
            }
        }
    }
    if let Some(why) = view.starved_of_answers(wrong.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let against = wrong.first().map(|first| {
        let observed = format!(
            "{} of {}: {}",
            wrong.len(),
            wrong.len() + through,
            describe(first)
        );
        let expected =
            "the tunnel goes on until its client closes it, and every message comes once, in order";
        Seen::new(expected, observed).resting_on(&wrong)
    });
    if against.is_none() && drained > 0 {
        let why = format!("{drained} tunnels ended past the documented drain time");
        return vec![Opinion::inconclusive(why)];
    }
    vec![Opinion::of_trials(against, through, 1)]
}

fn is_sound(request: &Request) -> bool {
    matches!(
        request.outcome,
        Outcome::Answered {
            status: SWITCHING,
            intact: true,
            ..
        }
    )
}
