//! Is a socket in the file system there at every moment, over many changes?

use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::effect::describe;
use super::flood::is_lost;
use super::listeners::Move;
use crate::vocabulary::{Listener, Outcome, Request};

/// Below so many connects, silence says too little.
const LEAST_CONNECTS: usize = 100;
/// Below so many changes, too.
const LEAST_CHANGES: usize = 3;

pub(super) fn serves_on(view: &View<'_>) -> Vec<Opinion> {
    let mut tried: Vec<&Request> = Vec::new();
    let mut late = Vec::new();
    let mut changes = 0;
    for life in &view.lives {
        // A process that ends by itself answers nobody; its end is another check's.
        let dead_after = life.exited;
        let at_it = || {
            life.elsewhere()
                .filter(|request| request.listener == Listener::Socket)
        };
        // A process that is ready at its first listener may need a moment for the next.
        let answered = at_it().filter(|request| matches!(request.outcome, Outcome::Answered { .. }));
        if let Some(there) = answered.map(|request| request.at).min() {
            tried.extend(
                at_it()
                    .filter(|request| request.is_fresh() && request.connect > there)
                    .filter(|request| dead_after.is_none_or(|dead| request.at < dead)),
            );
        }
        let good = life
            .changes()
            .filter(|write| write.config.layout.listener == Some(Listener::Socket));
        for write in good {
            let change = Move {
                life,
                write,
                from: Some(Listener::Socket),
                to: Some(Listener::Socket),
            };
            match change.late(view, Listener::Socket) {
                Some(opinion) => late.push(opinion),
                None => changes += 1,
            }
        }
    }
    let lost: Vec<&Request> = tried.iter().copied().filter(|request| is_lost(request)).collect();
    if let Some(why) = view.starved_of_answers(lost.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    if let Some(first) = lost.first() {
        let observed = format!("{} of {} connects: {}", lost.len(), tried.len(), describe(first));
        let seen = Seen::new("every connect to the socket is taken", observed).resting_on(&lost);
        return vec![Opinion::not_met(seen).trials(tried.len())];
    }
    if let Some(opinion) = Opinion::weightiest(late) {
        return vec![opinion.trials(tried.len())];
    }
    if tried.len() < LEAST_CONNECTS || changes < LEAST_CHANGES {
        let why = format!(
            "{} connects over {changes} changes; {LEAST_CONNECTS} over {LEAST_CHANGES} are needed",
            tried.len()
        );
        return vec![Opinion::inconclusive(why).trials(tried.len())];
    }
    vec![Opinion::met().trials(tried.len())]
}
