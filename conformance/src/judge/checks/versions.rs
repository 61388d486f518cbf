//! Orders to serve an earlier version again: are they carried out, and is what is said of that true?

use std::collections::BTreeSet;

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::register::{Installed, Restored};
use super::super::view::View;
use super::asked::{not_there, said};
use super::effect::{LEAST_AFTER, describe};
use super::ms;
use crate::vocabulary::{Answer, Generation, Nanos, Question, Request, read};

/// All orders to go back to a version that there was.
fn orders<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'v Life<'a>, &'v Restored<'a>, Generation)> {
    view.lives.iter().flat_map(|life| {
        let rollbacks = life.rollbacks.iter();
        rollbacks.filter_map(move |restored| Some((life, restored, restored.order.restores?)))
    })
}

pub(super) fn rollback_restores(view: &View<'_>) -> Vec<Opinion> {
    if let Some(not_there) = not_there(view, Question::Version) {
        return not_there;
    }
    let all = orders(view);
    let opinions: Vec<Opinion> = all
        .map(|(life, restored, wanted)| restores(view, life, restored, wanted))
        .collect();
    let (trials, least) = (opinions.len(), view.plan.rollbacks);
    let weightiest = Opinion::weightiest(opinions).filter(|opinion| *opinion != Opinion::met());
    vec![match weightiest {
        Some(opinion) => opinion.trials(trials),
        None => Opinion::of_trials(None, trials, least),
    }]
}

fn restores(view: &View<'_>, life: &Life<'_>, restored: &Restored<'_>, wanted: Generation) -> Opinion {
    let (order, bound) = (restored.order, view.apply_bound());
    if order.reply.code.is_none() {
        return Opinion::inconclusive(format!("an order was not answered: {}", order.reply.said));
    }
    if !order.reply.yes {
        let expected = format!("a yes to the order to serve version {} again", order.version);
        return Opinion::not_met(Seen::new(expected, said(&order.reply)).at(order.at));
    }
    let due = order.begin.saturating_add(bound);
    let observed = match restored.seen {
        Some(seen) if seen <= due => return Opinion::met(),
        Some(seen) => format!(
            "it was first served after {}",
            ms(seen.saturating_sub(order.begin))
        ),
        None => {
            let until = restored.until.min(life.asked);
            let answered = |request: &&Request| {
                let is_meanwhile = request.begin >= order.begin && request.at < until;
                is_meanwhile && request.is_fresh() && request.generation().is_some()
            };
            let Some(last) = life.traffic().filter(answered).last() else {
                return Opinion::inconclusive("nothing was answered after an order");
            };
            if until < due {
                return Opinion::inconclusive("what an order brings about was not waited for");
            }
            format!("it was never served; at last {}", describe(last))
        }
    };
    if let Some(why) = view.starved(order.begin, due, bound) {
        return Opinion::inconclusive(why);
    }
    let expected = format!(
        "an answer of {wanted} within {} of the order to serve version {} again",
        ms(bound),
        order.version
    );
    Opinion::not_met(Seen::new(expected, observed).at(order.begin))
}

/// One opinion on fresh connections, and one on those that are kept.
pub(super) fn rollback_is_effective(view: &View<'_>) -> Vec<Opinion> {
    if let Some(not_there) = not_there(view, Question::Version) {
        return not_there;
    }
    let mut taken = orders(view)
        .filter(|(_, restored, _)| restored.order.reply.yes)
        .peekable();
    if taken.peek().is_some() && taken.all(|(_, restored, _)| restored.acknowledged().is_none()) {
        return vec![Opinion::unsupported(
            "every order was accepted, and none was answered with the word that it is done",
        )];
    }
    vec![
        effective_for(view, |request| request.is_fresh().then_some(request.connect)).about("fresh"),
        effective_for(view, |request| (!request.is_fresh()).then_some(request.begin)).about("kept"),
    ]
}

/// Requests between an acknowledged rollback and what came next. `begun` says of a request of the kind to be judged when it began.
fn effective_for(view: &View<'_>, begun: impl Fn(&Request) -> Option<Nanos>) -> Opinion {
    let (mut trials, mut wrong) = (0, Vec::new());
    for (life, restored, wanted) in orders(view) {
        let Some(acknowledged) = restored.acknowledged() else {
            continue;
        };
        for request in life.traffic().filter(|request| request.at < restored.until) {
            let is_after = begun(request).is_some_and(|begin| begin > acknowledged);
            let Some(got) = request.generation().filter(|_| is_after) else {
                continue;
            };
            trials += 1;
            if got != wanted {
                wrong.push((request, wanted, acknowledged));
            }
        }
    }
    let requests: Vec<&Request> = wrong.iter().map(|(request, ..)| *request).collect();
    let against = wrong.first().map(|(request, wanted, at)| {
        let expected = format!("{wanted} for who began after the yes at {}", ms(*at));
        let observed = format!("{} of {trials} requests: {}", wrong.len(), describe(request));
        Seen::new(expected, observed).resting_on(&requests)
    });
    Opinion::of_trials(against, trials, LEAST_AFTER)
}

pub(super) fn unknown_is_refused(view: &View<'_>) -> Vec<Opinion> {
    if let Some(not_there) = not_there(view, Question::Version) {
        return not_there;
    }
    let (mut trials, mut open, mut against) = (0, None, None);
    for life in &view.lives {
        let unknown = life.rollbacks.iter().filter(|one| one.order.restores.is_none());
        for restored in unknown {
            let order = restored.order;
            if order.reply.code.is_none() {
                open = Some(format!("an order was not answered: {}", order.reply.said));
                continue;
            }
            let refusal = order.reply.yes.then(|| {
                let expected = format!("a refusal to serve version {}, which never was", order.version);
                Seen::new(expected, said(&order.reply)).at(order.at)
            });
            let (judged, changed) = changed_by(view, life, restored);
            trials += judged;
            against = against.or(refusal).or(changed);
        }
    }
    vec![match open.filter(|_| against.is_none()) {
        Some(why) => Opinion::inconclusive(why).trials(trials),
        None => Opinion::of_trials(against, trials, LEAST_AFTER),
    }]
}

/// How many requests came after an order that has to change nothing, and what it changed for them.
///
/// What may be answered is the last rollback or file, and what was answered since, or last of all; and what came before that, as long as the mixing
/// window is open.
fn changed_by(view: &View<'_>, life: &Life<'_>, restored: &Restored<'_>) -> (usize, Option<Seen>) {
    let order = restored.order;
    let answered = || life.traffic().filter(|request| request.generation().is_some());
    let before: Vec<Installed<'_, '_>> = life
        .installed()
        .into_iter()
        .filter(|one| one.rank() < restored.rank)
        .collect();
    let newest = before.last().copied();
    let closed = newest.map_or(Some(0), |one| one.window_closed(life, view.facts));
    let is_over = closed.filter(|closed| *closed <= order.begin);
    let since = is_over.or(newest.map(Installed::begin)).unwrap_or(life.began);
    let mut usual: BTreeSet<Generation> = answered()
        .filter(|request| request.is_fresh() && request.connect >= since && request.at <= order.begin)
        .filter_map(Request::generation)
        .collect();
    if usual.is_empty() {
        let last = answered()
            .filter(|request| request.is_fresh() && request.at <= order.begin)
            .last();
        usual.extend(last.and_then(Request::generation));
    }
    usual.insert(newest.map_or(life.first, Installed::generation));
    let left = before
        .iter()
        .rev()
        .nth(1)
        .map_or(life.first, |one| one.generation());
    let mut judged = 0;
    let mut wrong: Vec<&Request> = Vec::new();
    for request in answered().filter(|request| request.begin > order.at && request.at < restored.until) {
        // A kept connection may have its own past.
        let is_old = !request.is_fresh() && request.connect <= order.at;
        let Some(got) = request.generation().filter(|_| !is_old) else {
            continue;
        };
        judged += 1;
        let is_mixing = got == left && closed.is_none_or(|closed| closed >= request.connect);
        if !usual.contains(&got) && !is_mixing {
            wrong.push(request);
        }
    }
    let names: Vec<String> = usual.iter().map(Generation::to_string).collect();
    let changed = wrong.first().map(|first| {
        let expected = format!(
            "{} as before the order for version {}",
            names.join(" or "),
            order.version
        );
        let observed = format!("{} of {judged} requests: {}", wrong.len(), describe(first));
        Seen::new(expected, observed).resting_on(&wrong)
    });
    (judged, changed)
}

/// One opinion on the version that is named, and one on the identity, where the same answer has both.
pub(super) fn rollback_is_told(view: &View<'_>) -> Vec<Opinion> {
    if let Some(not_there) = not_there(view, Question::Version) {
        return not_there;
    }
    let readings = &view.facts.readings;
    let Some(versions) = &readings.versions else {
        return Vec::new();
    };
    let identity = readings.status.as_ref().filter(|_| versions.in_status);
    let identity = identity
        .map(|status| &status.identity)
        .filter(|place| **place != versions.active);
    let places = [("version", Some(&versions.active)), ("identity", identity)];
    let told = |(subject, place): (&str, Option<&String>)| Some(told_of_all(view, place?).about(subject));
    places.into_iter().filter_map(told).collect()
}

fn told_of_all(view: &View<'_>, place: &str) -> Opinion {
    let served =
        orders(view).filter_map(|(life, restored, wanted)| Some((life, restored, wanted, restored.seen?)));
    let opinions: Vec<Opinion> = served
        .map(|(life, restored, wanted, seen)| told_of(view, life, restored, (wanted, seen), place))
        .collect();
    let trials = opinions.len();
    let opinion = Opinion::weightiest(opinions);
    opinion
        .unwrap_or_else(|| Opinion::inconclusive("no earlier version was seen to be served again"))
        .trials(trials)
}

fn told_of(
    view: &View<'_>,
    life: &Life<'_>,
    restored: &Restored<'_>,
    (wanted, seen): (Generation, Nanos),
    place: &str,
) -> Opinion {
    let order = restored.order;
    let named = |answer: &Answer| read(&answer.reply.said, place).filter(|_| answer.reply.yes);
    let answers = || life.answers(Question::Version);
    let before = answers().filter(|answer| answer.at <= order.begin).last();
    let until = restored.until.min(life.asked);
    let after = answers().filter(|answer| answer.begin >= order.at && answer.at < until);
    let (Some(before), Some(last)) = (before.and_then(named), after.last()) else {
        return Opinion::inconclusive("it was not asked before and after each rollback");
    };
    let is = named(last);
    let expected = match &is {
        None => "the name of what serves".to_owned(),
        Some(is) if *is == before => format!("another than {before}, which was left"),
        Some(is) => match stands_for(life, is, order.begin, &named) {
            Some(other) if other != wanted => format!("what {wanted} is named by, and not {other}"),
            _ => return Opinion::met(),
        },
    };
    if last.begin < seen.saturating_add(view.apply_bound()) {
        return Opinion::inconclusive("the answer was not waited for");
    }
    if let Some(why) = view.starved(seen, last.at, view.apply_bound()) {
        return Opinion::inconclusive(why);
    }
    let observed = match is {
        None => said(&last.reply),
        Some(is) => format!(
            "{is}, {} after {wanted} was served again",
            ms(last.begin.saturating_sub(seen))
        ),
    };
    Opinion::not_met(Seen::new(expected, observed).at(last.at))
}

/// What a name was given for before a time: the generation that was newest when it was first read.
fn stands_for(
    life: &Life<'_>,
    name: &str,
    before: Nanos,
    named: &impl Fn(&Answer) -> Option<String>,
) -> Option<Generation> {
    let mut earlier = life
        .answers(Question::Version)
        .filter(|answer| answer.at <= before);
    let first = earlier.find(|answer| named(answer).as_deref() == Some(name))?;
    Some(life.newest_before(first.begin))
}
