//! What a change does to a second listener: it comes, goes, moves, or is refused, and nothing in between.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::effect::describe;
use super::ms;
use super::rejection::{NOT_WAITED_OUT, waited_out};
use crate::vocabulary::{Listener, Nanos, Outcome, Prospect, Request};

/// Below so many requests at both addresses over the moves of a listener, silence says too little.
const LEAST_OVER_MOVES: usize = 100;

/// A file that changes where the second listener is.
pub(super) struct Move<'v, 'a> {
    pub(super) life: &'v Life<'a>,
    pub(super) write: &'v Write<'a>,
    pub(super) from: Option<Listener>,
    pub(super) to: Option<Listener>,
}

/// All files of this prospect that change where the second listener is, each with where it was before.
fn moves<'v, 'a>(view: &'v View<'a>, prospect: Prospect) -> Vec<Move<'v, 'a>> {
    let mut all = Vec::new();
    for life in &view.lives {
        let mut from = life.first_layout.listener;
        for write in life.writes.iter().filter(|write| write.config.flaw.is_none()) {
            let to = write.config.layout.listener;
            if write.config.prospect == prospect && from != to {
                all.push(Move {
                    life,
                    write,
                    from,
                    to,
                });
            }
            let is_in_force = match write.config.prospect {
                Prospect::Good => true,
                Prospect::Doomed => false,
                Prospect::Open => !view.says_refused(life, write) && is_served(life, write),
            };
            if is_in_force {
                from = to;
            }
        }
    }
    all
}

/// Whether anything was answered by a file itself.
fn is_served(life: &Life<'_>, write: &Write<'_>) -> bool {
    life.judged()
        .any(|request| request.generation() == Some(write.generation()))
}

impl<'a> Move<'_, 'a> {
    /// What was asked at a listener between this file and the next.
    fn asked(&self, listener: Listener) -> impl Iterator<Item = &'a Request> {
        let (from, to) = (self.write.config.begin, self.write.until);
        self.life
            .elsewhere()
            .filter(move |request| request.listener == listener && request.begin >= from && request.at < to)
    }

    /// When the file was first served at a listener.
    fn served(&self, listener: Listener) -> Option<Nanos> {
        let wanted = self.write.generation();
        self.asked(listener)
            .find(|request| request.is_fresh() && request.generation() >= Some(wanted))
            .map(|request| request.at)
    }

    /// Why the file is not served at a listener in time, if it is not.
    pub(super) fn late(&self, view: &View<'_>, listener: Listener) -> Option<Opinion> {
        let (told, bound) = (self.write.told(), view.apply_bound());
        let latency = self.served(listener).map(|at| at.saturating_sub(told));
        if latency.is_some_and(|latency| latency <= bound) {
            return None;
        }
        if let Some(why) = view.starved(self.write.config.begin, told.saturating_add(bound), bound) {
            return Some(Opinion::inconclusive(why));
        }
        let was_stopped = self.life.asked < self.life.ended;
        if latency.is_none() && !was_stopped && self.life.ended < told.saturating_add(bound) {
            return Some(Opinion::inconclusive("the run ended before"));
        }
        let last = self.asked(listener).last();
        let observed = match (latency, last) {
            (Some(latency), _) => format!("served after {}", ms(latency)),
            (None, Some(last)) => format!("never served there; at last {}", describe(last)),
            (None, None) => return Some(Opinion::inconclusive("nothing was asked there")),
        };
        let expected = format!(
            "{} is served at the {listener} address within {}",
            self.write.generation(),
            ms(bound)
        );
        Some(Opinion::not_met(Seen::new(expected, observed).at(told)))
    }

    /// What speaks against that a listener has stopped, once the apply bound has passed since the file was seen: an acknowledgement is of
    /// what is served, and may come before what is not served any more is closed.
    fn lingers(&self, view: &View<'_>, listener: Listener) -> Opinion {
        let Some(closed) = self
            .write
            .seen
            .map(|seen| seen.saturating_add(view.apply_bound()))
        else {
            return Opinion::inconclusive("the change was not seen to take effect");
        };
        let answered: Vec<&Request> = self
            .asked(listener)
            .filter(|request| request.is_fresh() && request.connect > closed)
            .filter(|request| matches!(request.outcome, Outcome::Answered { .. }))
            .collect();
        if let Some(first) = answered.first() {
            let observed = format!(
                "{} requests were answered there later: {}",
                answered.len(),
                describe(first)
            );
            let expected = format!("nobody listens at the {listener} address from {} on", ms(closed));
            return Opinion::not_met(Seen::new(expected, observed).resting_on(&answered));
        }
        let refused = self.asked(listener).filter(|r| r.outcome == Outcome::Refused);
        Opinion::of_trials(None, refused.count(), 1)
    }
}

pub(super) fn added_serves(view: &View<'_>) -> Vec<Opinion> {
    let added = moves(view, Prospect::Good);
    let opinions = added.iter().filter_map(|it| it.late(view, it.to?));
    let trials = added.iter().filter(|it| it.to.is_some()).count();
    vec![Opinion::weightiest(opinions).unwrap_or_else(|| Opinion::of_trials(None, trials, 1))]
}

pub(super) fn removed_stops(view: &View<'_>) -> Vec<Opinion> {
    let removed = moves(view, Prospect::Good);
    let opinions: Vec<Opinion> = removed
        .iter()
        .filter_map(|it| Some(it.lingers(view, it.from?)))
        .collect();
    let trials = opinions.len();
    vec![Opinion::weightiest(opinions).map_or_else(
        || Opinion::of_trials(None, 0, 1),
        |opinion| opinion.trials(trials),
    )]
}

/// Broken before it was made: a connect to the address that is left was refused, and one to the new address that began after that, too.
pub(super) fn made_before_broken(view: &View<'_>) -> Vec<Opinion> {
    let mut trials = 0;
    let mut gaps = Vec::new();
    for it in moves(view, Prospect::Good) {
        let (Some(from), Some(to)) = (it.from, it.to) else {
            continue;
        };
        let refused = |r: &&Request| r.outcome == Outcome::Refused;
        trials += it.asked(from).count() + it.asked(to).count();
        let Some(broken) = it.asked(from).find(refused) else {
            continue;
        };
        let later: Vec<&Request> = it
            .asked(to)
            .filter(refused)
            .filter(|request| request.connect > broken.at)
            .collect();
        if let Some(last) = later.last() {
            let nobody = last.at.saturating_sub(broken.begin);
            gaps.push((nobody, broken, later));
        }
    }
    let against = gaps.iter().max_by_key(|(nobody, ..)| *nobody).map(|(nobody, broken, later)| {
        let observed = format!(
            "in {} moves nobody listened at either, for {} at the most: a connect to the old address was refused at {}, and {} to the new \
             one that began after that",
            gaps.len(),
            ms(*nobody),
            ms(broken.at),
            later.len()
        );
        let both: Vec<&Request> = std::iter::once(*broken).chain(later.iter().copied()).collect();
        Seen::new("somebody listens at the new address before nobody does at the old", observed).resting_on(&both)
    });
    vec![Opinion::of_trials(against, trials, LEAST_OVER_MOVES)]
}

/// Of a file that may be refused: it is applied wholly, or refused with a word and without a trace.
pub(super) fn swapped_or_refused(view: &View<'_>) -> Vec<Opinion> {
    let swaps = moves(view, Prospect::Open);
    let opinions: Vec<Opinion> = swaps.iter().map(|swap| one_swap(view, swap)).collect();
    let trials = opinions.len();
    let refused = swaps
        .iter()
        .filter(|it| view.says_refused(it.life, it.write))
        .count();
    vec![
        Opinion::weightiest(opinions)
            .map_or_else(
                || Opinion::of_trials(None, 0, 1),
                |opinion| opinion.trials(trials),
            )
            .figure(format!("{} applied, {refused} refused", trials - refused)),
    ]
}

fn one_swap(view: &View<'_>, swap: &Move<'_, '_>) -> Opinion {
    let Move {
        life,
        write,
        from,
        to,
    } = swap;
    let (Some(from), Some(to)) = (*from, *to) else {
        return Opinion::inconclusive("it was no swap");
    };
    let Some(refused) = view.refused_at(life, write) else {
        let bound = view.apply_bound();
        if write.latency().is_none_or(|latency| latency > bound) {
            if let Some(why) = view.starved(write.config.begin, write.told().saturating_add(bound), bound) {
                return Opinion::inconclusive(why);
            }
            // A run that broke off says nothing about what was still to come.
            if write.latency().is_none() && !waited_out(view, life, write) {
                return Opinion::inconclusive(NOT_WAITED_OUT);
            }
            let expected = format!("the {from} address becomes the {to} one, or a word that it does not");
            let observed = "neither did it take effect, nor was it refused";
            return Opinion::not_met(Seen::new(expected, observed).at(write.told()));
        }
        return swap.late(view, to).unwrap_or_else(|| match to {
            // What listens at all addresses listens at the one that was left.
            Listener::Wildcard => Opinion::met(),
            _ => swap.lingers(view, from),
        });
    };
    let applied = life
        .judged()
        .filter(|request| request.generation() == Some(write.generation()))
        .filter(|request| request.at >= write.config.begin);
    let stopped = swap
        .asked(from)
        .filter(|request| request.is_fresh() && request.connect > refused)
        .filter(|request| request.outcome == Outcome::Refused);
    let wrong: Vec<&Request> = applied.chain(stopped).collect();
    match wrong.first() {
        Some(first) => {
            let expected = "what is refused changes nothing: the old address is served as before";
            Opinion::not_met(Seen::new(expected, describe(first)).resting_on(&wrong))
        }
        None => Opinion::of_trials(None, swap.asked(from).count(), 1),
    }
}
