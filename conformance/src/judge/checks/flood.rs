//! Does somebody listen at every moment, over many changes?

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::effect::describe;
use super::unasked::connects;
use crate::vocabulary::{Outcome, Phase, Request};

/// Below so many connects, silence says too little.
const LEAST_CONNECTS: usize = 500;
/// Below so many changes, too. Slow targets do not come to more.
const LEAST_CHANGES: usize = 5;

pub(super) fn no_connect_lost(view: &View<'_>) -> Vec<Opinion> {
    let tried: Vec<&Request> = view.lives.iter().flat_map(|life| connects(view, life)).collect();
    let lost: Vec<&Request> = tried.iter().copied().filter(|request| is_lost(request)).collect();
    if let Some(why) = view.starved_of_answers(lost.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let effective = |life: &Life<'_>| life.changes().filter(|write| write.seen.is_some()).count();
    let changes: usize = view.lives.iter().map(effective).sum();
    if let Some(first) = lost.first() {
        let observed = format!(
            "{} of {} connects over {changes} changes: {}",
            lost.len(),
            tried.len(),
            describe(first)
        );
        let seen = Seen::new("every connect is taken", observed).resting_on(&lost);
        return vec![Opinion::not_met(seen).trials(tried.len())];
    }
    if tried.len() < LEAST_CONNECTS || changes < LEAST_CHANGES {
        return vec![
            Opinion::inconclusive(format!(
                "{} connects over {changes} changes; {LEAST_CONNECTS} over {LEAST_CHANGES} are needed",
                tried.len()
            ))
            .trials(tried.len()),
        ];
    }
    vec![Opinion::met().trials(tried.len())]
}

/// Refused, left hanging, or reset before a byte of an answer: a listening socket that is closed resets what waits in its queue,
/// and whether that is noticed before or after the connect has returned is a matter of moments.
pub(super) fn is_lost(request: &Request) -> bool {
    matches!(
        request.outcome,
        Outcome::Refused
            | Outcome::Reset {
                phase: Phase::Connect | Phase::Head
            }
            | Outcome::TimedOut {
                phase: Phase::Connect
            }
    )
}
