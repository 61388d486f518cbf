//! Configurations of several files: whether a member that comes or goes is noticed, and whether a complaint names the one that is bad.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::effect::describe;
use super::ms;
use super::refusal::{NOT_TOLD, told};
use super::rejection::{as_before, describe_markers, for_each_flaw};
use crate::vocabulary::{Event, Nanos, Outcome, Request};

/// The route of the member that comes and goes.
const ITS_ROUTE: u8 = 1;
/// Below so many members that came or went, nothing is known.
const LEAST: usize = 2;
/// Below so many requests to other paths meanwhile, silence says too little.
const LEAST_OF_OTHERS: usize = 50;

/// A member that came or went.
pub(super) struct Move<'a> {
    begin: Nanos,
    /// When the target was told of it, or when it was done.
    told: Nanos,
    /// When the next one began, or anything else was delivered.
    until: Nanos,
    pub(super) file: &'a str,
    pub(super) comes: bool,
    by_link: bool,
}

fn moves<'a>(life: &Life<'a>) -> Vec<Move<'a>> {
    let begin = |event: &Event| match event {
        Event::Member { begin, .. } => Some(*begin),
        Event::Config(write) => Some(write.begin),
        _ => None,
    };
    let next = |after: Nanos| {
        let later = life.events.iter().filter_map(|event| begin(event));
        later.filter(|begin| *begin > after).min().unwrap_or(life.asked)
    };
    let moves = life.events.iter().filter_map(|event| match event {
        Event::Member {
            begin,
            at,
            file,
            comes,
            by_link,
        } => Some((*begin, *at, file, *comes, *by_link)),
        _ => None,
    });
    moves
        .map(|(begin, at, file, comes, by_link)| {
            let until = next(begin);
            let pulled = life.events.iter().find_map(|event| match event {
                Event::Trigger { begin, .. } if (at..until).contains(begin) => Some(*begin),
                _ => None,
            });
            Move {
                begin,
                told: pulled.unwrap_or(at),
                until,
                file,
                comes,
                by_link,
            }
        })
        .collect()
}

/// The links to files outside the configuration's folder that came or went.
pub(super) fn moves_by_link<'a>(life: &Life<'a>) -> Vec<Move<'a>> {
    moves(life).into_iter().filter(|it| it.by_link).collect()
}

pub(super) fn is_seen(view: &View<'_>) -> Vec<Opinion> {
    let mut trials = 0;
    let mut opinions = Vec::new();
    for life in &view.lives {
        for it in moves(life).iter().filter(|it| !it.by_link) {
            trials += 1;
            opinions.extend(missed(view, life, it));
        }
    }
    vec![Opinion::weightiest(opinions).map_or_else(
        || Opinion::of_trials(None, trials, LEAST),
        |opinion| opinion.trials(trials),
    )]
}

/// The requests in its paths, from when it began to come or go until the next thing was done.
pub(super) fn asked_of<'a>(life: &'a Life<'_>, it: &Move<'_>) -> Vec<&'a Request> {
    life.elsewhere()
        .filter(|request| request.route == ITS_ROUTE && request.is_fresh())
        .filter(|request| request.connect >= it.begin && request.at < it.until)
        .collect()
}

/// What there is to say of a member that was not noticed in time, or was forgotten again.
pub(super) fn missed(view: &View<'_>, life: &Life<'_>, it: &Move<'_>) -> Option<Opinion> {
    let bound = view.apply_bound();
    let due = it.told.saturating_add(bound);
    let asked = asked_of(life, it);
    let is_right = |request: &&Request| match &request.outcome {
        Outcome::Answered { markers, .. } => markers.is_apart(view.facts.origins) == it.comes,
        _ => false,
    };
    let what = if it.comes {
        "is served"
    } else {
        "is not served any more"
    };
    let expected = format!("{} {what} within {} of its change", it.file, ms(bound));
    let first = asked.iter().copied().find(is_right);
    let Some(first) = first.filter(|first| first.at <= due) else {
        if let Some(why) = view.starved(it.begin, due, bound) {
            return Some(Opinion::inconclusive(why));
        }
        // A run that broke off says nothing about what was still to come.
        let was_stopped = life.asked < life.ended;
        let broke_off = life.exited.is_some_and(|at| at < due) || (!was_stopped && life.ended < due);
        if first.is_none() && broke_off {
            return Some(Opinion::inconclusive("the run ended before"));
        }
        let observed = match (first, asked.last()) {
            (Some(first), _) => format!("so it was {} after it", ms(first.at.saturating_sub(it.told))),
            (None, Some(last)) => format!("so it never was; at last {}", describe(last)),
            (None, None) => return Some(Opinion::inconclusive("nothing was asked there")),
        };
        return Some(Opinion::not_met(Seen::new(expected, observed).at(it.told)));
    };
    // From then on it stays so.
    let settled = first.at.max(due);
    let wrong: Vec<&Request> = asked
        .iter()
        .copied()
        .filter(|request| request.connect > settled && matches!(request.outcome, Outcome::Answered { .. }))
        .filter(|request| !is_right(request))
        .collect();
    let last = wrong.last()?;
    let observed = format!(
        "{} requests got the contrary later; at last {}",
        wrong.len(),
        describe(last)
    );
    Some(Opinion::not_met(Seen::new(expected, observed).resting_on(&wrong)))
}

pub(super) fn others_are_untouched(view: &View<'_>) -> Vec<Opinion> {
    let mut trials = 0;
    let mut wrong: Vec<&Request> = Vec::new();
    for life in &view.lives {
        for it in moves(life) {
            let meanwhile = |request: &&Request| request.begin >= it.begin && request.at < it.until;
            for request in life.judged().filter(meanwhile) {
                trials += 1;
                if !as_before(view, life, request) {
                    wrong.push(request);
                }
            }
        }
    }
    if let Some(why) = view.starved_of_answers(wrong.iter().copied()) {
        return vec![Opinion::inconclusive(why)];
    }
    let against = wrong.first().map(|first| {
        let observed = format!(
            "{} of {trials} requests: {}",
            wrong.len(),
            describe_markers(first)
        );
        Seen::new(
            "every answer to other paths is of the member that they belong to",
            observed,
        )
        .resting_on(&wrong)
    });
    vec![Opinion::of_trials(against, trials, LEAST_OF_OTHERS)]
}

pub(super) fn rejection_names(view: &View<'_>) -> Vec<Opinion> {
    for_each_flaw(view, |life, write| {
        let Some(member) = &write.config.member else {
            return Opinion::inconclusive("the file was no member");
        };
        let told = told(view, life, write);
        if told.is_empty() {
            return Opinion::unsupported(NOT_TOLD);
        }
        if told.iter().any(|line| line.contains(member.as_str())) {
            return Opinion::met();
        }
        let expected = format!("the name of the file, {member}");
        Opinion::not_met(Seen::new(expected, told.join(" / ")).at(write.told()))
    })
}
