//! What a target knows of its upstreams and keeps for them over a change: their health, their sessions, the connections to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::life::Life;
use super::super::opinion::{Judgement, Opinion, Seen};
use super::super::view::{MS, View};
use super::effect::describe;
use super::ms;
use crate::vocabulary::{Arrival, Condition, Event, Layout, LeadsTo, Nanos, Outcome, Purpose, Request};

/// Below so many answers, silence says too little.
const LEAST_ANSWERS: usize = 100;
/// Below so many changes, too. Slow targets do not come to more.
const LEAST_CHANGES: usize = 3;
/// Of so many requests before the first change, most have to go by connections that stand already.
const LEAST_BEFORE: usize = 20;

fn leads(life: &Life<'_>, wanted: LeadsTo) -> bool {
    life.first_layout
        .routes
        .iter()
        .any(|route| route.leads_to == wanted)
}

fn waited(life: &Life<'_>, wanted: Condition) -> impl Iterator<Item = (Nanos, Nanos, bool)> {
    life.events.iter().filter_map(move |event| match event {
        Event::Waited {
            begin,
            at,
            condition,
            met,
        } if *condition == wanted => Some((*begin, *at, *met)),
        _ => None,
    })
}

fn arrivals<'a>(life: &Life<'a>) -> impl Iterator<Item = &'a Arrival> {
    life.events.iter().filter_map(|event| match event {
        Event::Arrival(arrival) => Some(arrival),
        _ => None,
    })
}

fn first_change(life: &Life<'_>) -> Nanos {
    life.changes()
        .next()
        .map_or(life.asked, |write| write.config.begin)
}

fn changes(view: &View<'_>) -> usize {
    let seen = |life: &Life<'_>| life.changes().filter(|write| write.seen.is_some()).count();
    view.lives.iter().map(seen).sum()
}

/// Nothing is concluded from few changes, unless something speaks against the target already.
fn of_changes(view: &View<'_>, against: Option<Seen>, trials: usize, least: usize) -> Vec<Opinion> {
    let changes = changes(view);
    if against.is_none() && changes < LEAST_CHANGES {
        let why = format!("{changes} changes, at least {LEAST_CHANGES} are needed");
        return vec![Opinion::inconclusive(why)];
    }
    vec![Opinion::of_trials(against, trials, least)]
}

/// What is declared of upstreams is there before anything changes: they are checked, those that fail get nothing, and sessions have their own.
pub(super) fn is_there(view: &View<'_>) -> Vec<Opinion> {
    let mut all = Vec::new();
    for life in &view.lives {
        if leads(life, LeadsTo::Checked) {
            let before = first_change(life);
            let both = [Condition::Checked, Condition::Shunned].map(|condition| {
                let mut waits = waited(life, condition);
                waits.find(|(begin, ..)| *begin < before)
            });
            let missed = both.into_iter().flatten().find(|(.., met)| !met);
            all.push(match missed {
                None => Opinion::met(),
                Some((from, to, _)) => declared_health(view, from, to),
            });
        }
    }
    let health = Opinion::weightiest(all).map(|opinion| opinion.about("health"));
    health.into_iter().chain(affinity_there(view)).collect()
}

fn declared_health(view: &View<'_>, from: Nanos, to: Nanos) -> Opinion {
    if let Some(why) = view.starved(from, to, to.saturating_sub(from)) {
        return Opinion::inconclusive(why);
    }
    let expected =
        "checks of each upstream, and no more requests to one that fails them, within the declared time";
    let observed = format!("not within {}", ms(to.saturating_sub(from)));
    Opinion::not_met(Seen::new(expected, observed).at(to))
}

/// From when until when an upstream is known to be shunned, and which.
fn shunned<'a>(life: &Life<'a>) -> Vec<(Nanos, Nanos, &'a str)> {
    let mut all = Vec::new();
    let mut sick: Option<&str> = None;
    for event in &life.events {
        match event {
            Event::Fitness { origin, is_fit, at } => {
                if let (true, Some((_, until, _))) = (*is_fit, all.last_mut()) {
                    *until = *at;
                }
                sick = (!is_fit).then_some(origin.as_str());
            }
            Event::Waited {
                at,
                condition: Condition::Shunned,
                met: true,
                ..
            } => all.extend(sick.map(|sick| (*at, life.asked, sick))),
            _ => {}
        }
    }
    all
}

pub(super) fn unhealthy_gets_nothing(view: &View<'_>) -> Vec<Opinion> {
    let (mut trials, mut against) = (0, None);
    let mut found = false;
    for life in &view.lives {
        let requests: HashMap<u64, &Request> =
            life.elsewhere().map(|request| (request.id, request)).collect();
        for (from, until, sick) in shunned(life) {
            found = true;
            let is_then = |request: &&&Request| request.begin > from && request.at < until;
            trials += requests.values().filter(is_then).count();
            let mut there: Vec<&Request> = arrivals(life)
                .filter(|arrival| arrival.origin == sick && arrival.at > from && arrival.at < until)
                .filter_map(|arrival| requests.get(&arrival.request?).copied())
                .filter(|request| request.begin > from)
                .collect();
            there.sort_by_key(|request| request.at);
            if let (Some(first), None) = (there.first(), &against) {
                let change = life
                    .changes()
                    .filter(|write| write.config.begin < first.at)
                    .last();
                let since = change.map_or_else(String::new, |write| {
                    let since = ms(first.at.saturating_sub(write.config.begin));
                    format!(
                        ", the first {since} after {} began to be delivered",
                        write.generation()
                    )
                });
                let observed = format!("{} requests came to {sick}{since}", there.len());
                let expected = format!(
                    "no request to {sick}, which fails its checks and got none any more from {} on",
                    ms(from)
                );
                against = Some(Seen::new(expected, observed).resting_on(&there));
            }
        }
    }
    if !found {
        return vec![Opinion::inconclusive(
            "the upstream that failed its checks was not shunned before there was a change",
        )];
    }
    of_changes(view, against, trials, LEAST_ANSWERS)
}

/// From when on every upstream of a route was checked.
fn checked(life: &Life<'_>) -> Option<Nanos> {
    let mut waits = waited(life, Condition::Checked);
    waits.find(|(.., met)| *met).map(|(_, at, _)| at)
}

/// Which of the upstreams gave a good answer.
fn member(view: &View<'_>, request: &Request) -> Option<usize> {
    match &request.outcome {
        Outcome::Answered {
            status: 200,
            markers,
            intact: true,
            ..
        } => markers.member(view.facts.origins),
        _ => None,
    }
}

pub(super) fn healthy_stays_available(view: &View<'_>) -> Vec<Opinion> {
    let mut answers = 0;
    let mut wrong: Vec<&Request> = Vec::new();
    for life in &view.lives {
        let Some(checked) = checked(life) else { continue };
        let unfit = life.events.iter().find_map(|event| match event {
            Event::Fitness { at, .. } => Some(*at),
            _ => None,
        });
        let until = unfit.unwrap_or(life.asked);
        for request in life
            .elsewhere()
            .filter(|one| one.begin > checked && one.at < until)
        {
            // What no answer came to is judged elsewhere, for whichever route.
            if !matches!(request.outcome, Outcome::Answered { .. }) {
                continue;
            }
            answers += 1;
            if member(view, request).is_none() {
                wrong.push(request);
            }
        }
    }
    let noticed = view
        .facts
        .health
        .unwrap_or_default()
        .noticed_within_ms
        .saturating_mul(MS);
    if let Some(first) = wrong.first()
        && let Some(why) = view.starved(first.begin.saturating_sub(noticed), first.at, noticed / 4)
    {
        // Checks that this machine held up may well have failed.
        return vec![Opinion::inconclusive(why)];
    }
    let against = wrong.first().map(|first| {
        let observed = format!(
            "{} of {answers} answers were not; the first: {}",
            wrong.len(),
            describe(first)
        );
        Seen::new(
            "every answer is of one of the upstreams, all of which pass their checks",
            observed,
        )
        .resting_on(&wrong)
    });
    of_changes(view, against, answers, LEAST_ANSWERS)
}

pub(super) fn checks_continue(view: &View<'_>) -> Vec<Opinion> {
    let health = view.facts.health.unwrap_or_default();
    let allowed = view
        .apply_bound()
        .saturating_add(health.interval_ms.saturating_mul(4 * MS));
    let (mut trials, mut opinions) = (0, Vec::new());
    for life in &view.lives {
        let Some(checked) = checked(life) else { continue };
        for member in 0..Layout::MEMBERS {
            let name = Layout::member_name(member, view.facts.origins);
            let of_it =
                arrivals(life).filter(|seen| seen.is_check && seen.origin == name && seen.at < life.asked);
            let times: Vec<Nanos> = of_it.map(|seen| seen.at).filter(|at| *at >= checked).collect();
            trials += times.len();
            let all: Vec<Nanos> = [checked].into_iter().chain(times).chain([life.asked]).collect();
            let gap = all.windows(2).find(|pair| pair[1] - pair[0] > allowed);
            opinions.extend(gap.map(|pair| not_checked(view, &name, (pair[0], pair[1]), allowed)));
        }
        for (from, to, met) in waited(life, Condition::Shunned) {
            if !met && from > first_change(life) {
                opinions.push(declared_health(view, from, to));
            }
        }
    }
    if let Some(opinion) = Opinion::weightiest(opinions) {
        return vec![opinion.trials(trials)];
    }
    of_changes(view, None, trials, LEAST_CHANGES * Layout::MEMBERS)
}

fn not_checked(view: &View<'_>, name: &str, (from, to): (Nanos, Nanos), allowed: Nanos) -> Opinion {
    if let Some(why) = view.starved(from, to, allowed) {
        return Opinion::inconclusive(why);
    }
    let expected = format!("a check of {name} at least every {}", ms(allowed));
    let observed = format!("none from {} to {}", ms(from), ms(to));
    Opinion::not_met(Seen::new(expected, observed).at(to))
}

/// The good answers to each session, in order: when, by whom, and the request.
fn sessions<'a>(view: &View<'a>, life: &Life<'a>) -> BTreeMap<u64, Vec<(usize, &'a Request)>> {
    let mut all: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for request in life.elsewhere() {
        if let (Purpose::Session(session), Some(member)) = (request.purpose, member(view, request)) {
            all.entry(session).or_default().push((member, request));
        }
    }
    all
}

fn affinity_there(view: &View<'_>) -> Option<Opinion> {
    let opinions = view
        .lives
        .iter()
        .filter(|life| leads(life, LeadsTo::Affine))
        .map(|life| {
            let before = first_change(life);
            for (session, answers) in sessions(view, life) {
                let early = answers.iter().filter(|(_, request)| request.at < before);
                let members: BTreeSet<usize> = early.map(|(member, _)| *member).collect();
                if members.len() > 1 {
                    let expected = format!("session s{session} is answered by one upstream");
                    let observed = format!("{} of them, without a change", members.len());
                    return Opinion::not_met(Seen::new(expected, observed));
                }
            }
            Opinion::met()
        });
    Opinion::weightiest(opinions.collect::<Vec<_>>()).map(|opinion| opinion.about("affinity"))
}

pub(super) fn affinity_survives(view: &View<'_>) -> Vec<Opinion> {
    if affinity_there(view).is_some_and(|there| there.judgement != Judgement::Met) {
        return vec![Opinion::unsupported(
            "sessions had no upstream of their own before there was a change",
        )];
    }
    let (mut trials, mut moved) = (0, Vec::new());
    for life in &view.lives {
        let before = first_change(life);
        for answers in sessions(view, life).into_values() {
            let home = answers.iter().rfind(|(_, request)| request.at < before);
            let Some((home, _)) = home.copied() else { continue };
            for (member, request) in answers.into_iter().filter(|(_, request)| request.begin > before) {
                trials += 1;
                if member != home {
                    moved.push(request);
                }
            }
        }
    }
    moved.sort_by_key(|request| request.at);
    let against = moved.first().map(|first| {
        let observed = format!(
            "{} of {trials} answers came from another one; the first: {}",
            moved.len(),
            describe(first)
        );
        Seen::new(
            "each session is answered by the upstream that it had before the first change",
            observed,
        )
        .resting_on(&moved)
    });
    of_changes(view, against, trials, LEAST_ANSWERS)
}

/// Requests to the upstream that connections are kept to, by the connections that they came by, in order.
fn carried<'a>(life: &Life<'a>) -> Vec<(u64, &'a Request)> {
    let requests: HashMap<u64, &Request> = life.elsewhere().map(|request| (request.id, request)).collect();
    let of = |arrival: &Arrival| Some((arrival.connection?, requests.get(&arrival.request?).copied()?));
    arrivals(life).filter_map(of).collect()
}

pub(super) fn connections_stay(view: &View<'_>) -> Vec<Opinion> {
    let (mut trials, mut against) = (0, None);
    for life in view.lives.iter().filter(|life| leads(life, LeadsTo::Kept)) {
        let (begin, all) = (first_change(life), carried(life));
        let before: Vec<u64> = all
            .iter()
            .filter(|(_, one)| one.at < begin)
            .map(|(by, _)| *by)
            .collect();
        let known: BTreeSet<u64> = before.iter().copied().collect();
        if before.len() < LEAST_BEFORE || known.len() * 4 > before.len() {
            return vec![Opinion::unsupported(format!(
                "{} requests went there by {} connections before there was a change",
                before.len(),
                known.len()
            ))];
        }
        let after: Vec<&(u64, &Request)> = all.iter().filter(|(_, one)| one.begin > begin).collect();
        trials += after.len();
        let fresh: BTreeSet<u64> = after
            .iter()
            .map(|(by, _)| *by)
            .filter(|by| !known.contains(by))
            .collect();
        // One now and then ends by itself, or is added as requests come together.
        let changes = life.changes().filter(|write| write.seen.is_some()).count();
        if fresh.len() > known.len().max(changes / 2) {
            let first: Vec<&Request> = after
                .iter()
                .filter(|(by, _)| fresh.contains(by))
                .map(|(_, one)| *one)
                .collect();
            let observed = format!(
                "{} new connections over {changes} changes, for {} requests",
                fresh.len(),
                after.len()
            );
            let expected = format!(
                "requests go by the {} connections that stood before the first change",
                known.len()
            );
            against = against.or(Some(Seen::new(expected, observed).resting_on(&first)));
        }
    }
    of_changes(view, against, trials, LEAST_ANSWERS)
}
