//! What the service manager is told of the life of a target, by the protocol of `sd_notify(3)`.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::request::is_of_harness;
use super::super::view::{MS, View};
use super::ms;
use crate::vocabulary::{Event, Nanos, Notice, Outcome, Request, TriggerAnswer, TriggerKind};

/// How much the clocks of two programs may seem to differ.
const SLACK: i128 = MS as i128;
/// Fewer reloads than one of a good file and one of a bad one say too little.
const LEAST_RELOADS: usize = 2;

const BROKE_OFF: &str = "the run ended before";

/// What it told, in order.
fn notices<'a>(life: &Life<'a>) -> impl Iterator<Item = &'a Notice> {
    life.events.iter().filter_map(|event| match event {
        Event::Notified(notice) => Some(notice),
        _ => None,
    })
}

pub(super) fn ready_is_told(view: &View<'_>) -> Vec<Opinion> {
    let started = view.lives.iter().filter_map(|life| Some((life, life.ready?)));
    let opinions: Vec<Opinion> = started.map(|(life, ready)| ready_of(view, life, ready)).collect();
    let trials = opinions.len();
    let opinion = Opinion::weightiest(opinions).map(|opinion| opinion.trials(trials));
    opinion.into_iter().collect()
}

fn ready_of(view: &View<'_>, life: &Life<'_>, ready: Nanos) -> Opinion {
    let bound = view.apply_bound();
    let due = ready.saturating_add(bound);
    let expected = format!("READY=1 within {} of the first answer", ms(bound));
    let Some(told) = notices(life).find(|notice| notice.is_ready() && notice.at <= due) else {
        if life.asked.min(life.ended) < due {
            return Opinion::inconclusive(BROKE_OFF);
        }
        if let Some(why) = view.starved(ready, due, bound) {
            return Opinion::inconclusive(why);
        }
        let observed = match notices(life).filter(|notice| notice.at <= due).last() {
            Some(last) => format!("it was told {:?} at last", last.message),
            None => "it was told nothing".to_owned(),
        };
        return Opinion::not_met(Seen::new(expected, observed).at(due));
    };
    let refused: Vec<&Request> = life
        .requests
        .iter()
        .copied()
        .filter(|request| request.connect > told.at && request.begin < ready && !is_of_harness(request))
        .filter(|request| matches!(request.outcome, Outcome::Refused))
        .collect();
    if refused.is_empty() {
        return Opinion::met();
    }
    let expected = "READY=1 once connects are taken, for that is what the start is waited for";
    let observed = format!("{} connects were refused after it had been told", refused.len());
    Opinion::not_met(Seen::new(expected, observed).resting_on(&refused).at(told.at))
}

/// A reload that somebody asked for, and what was told from then until the next file.
struct Reload<'a> {
    begin: Nanos,
    until: Nanos,
    by: TriggerKind,
    is_bad: bool,
    told: Vec<&'a Notice>,
}

/// All reloads that were asked for.
fn reloads<'a>(view: &'a View<'_>) -> impl Iterator<Item = Reload<'a>> {
    view.lives.iter().flat_map(move |life| {
        let asked_for = |write: &'a Write<'_>| reload(view, life, write);
        life.writes.iter().filter_map(asked_for)
    })
}

fn reload<'a>(view: &View<'_>, life: &Life<'a>, write: &Write<'_>) -> Option<Reload<'a>> {
    let (begin, _, answer) = write.trigger?;
    if matches!(answer, TriggerAnswer::NotSent(_)) {
        return None;
    }
    let by = life.events.iter().find_map(|event| match event {
        Event::Trigger { begin: at, by, .. } if *at == begin => Some(*by),
        _ => None,
    });
    let until = write.until.min(life.asked);
    Some(Reload {
        begin,
        until,
        by: by.flatten().unwrap_or(view.facts.trigger),
        is_bad: write.config.flaw.is_some(),
        told: notices(life)
            .filter(|notice| notice.at >= begin && notice.at < until)
            .collect(),
    })
}

pub(super) fn reload_is_told(view: &View<'_>) -> Vec<Opinion> {
    let mut trials = 0;
    let opinions = reloads(view).filter_map(|reload| {
        trials += 1;
        against(view, &reload)
    });
    let against = Opinion::weightiest(opinions.collect::<Vec<_>>());
    let opinion = against.unwrap_or_else(|| Opinion::of_trials(None, trials, LEAST_RELOADS));
    vec![opinion.trials(trials)]
}

/// What speaks against what was told of a reload.
fn against(view: &View<'_>, reload: &Reload<'_>) -> Option<Opinion> {
    let bound = view.apply_bound();
    let due = reload.begin.saturating_add(bound);
    let began = reload.told.iter().rposition(|notice| notice.is_reloading());
    let observed = match began {
        // A bad file may be refused by who asks for the reload, so that the process never learns of it; a signal reaches nobody else.
        None if reload.is_bad && reload.by != TriggerKind::Signal => return None,
        None => "no RELOADING=1 was told".to_owned(),
        Some(began) => {
            let is_ready = |notice: &&&Notice| notice.is_ready() && !notice.is_reloading();
            let over = reload.told[began..].iter().find(is_ready);
            if over.is_some_and(|over| over.at <= due.max(reload.told[began].at.saturating_add(bound))) {
                return None;
            }
            "RELOADING=1 was told, and no READY=1 thereafter, so that the manager takes it to be reloading"
                .to_owned()
        }
    };
    let file = if reload.is_bad { "bad" } else { "good" };
    let expected = format!(
        "RELOADING=1, and then READY=1 within {} of the reload of a {file} file",
        ms(bound)
    );
    if began.is_none() && reload.told.iter().any(|notice| notice.is_ready()) {
        let observed = "READY=1 was told, and no RELOADING=1 before it";
        return Some(Opinion::not_met(Seen::new(expected, observed).at(reload.begin)));
    }
    if reload.until < due {
        return Some(Opinion::inconclusive(BROKE_OFF));
    }
    if let Some(why) = view.starved(reload.begin, due, bound) {
        return Some(Opinion::inconclusive(why));
    }
    Some(Opinion::not_met(Seen::new(expected, observed).at(reload.begin)))
}

pub(super) fn reload_tells_its_time(view: &View<'_>) -> Vec<Opinion> {
    let by_signal = |reload: &Reload<'_>| reload.by == TriggerKind::Signal;
    let all: Vec<Reload<'_>> = reloads(view).filter(by_signal).collect();
    if all.is_empty() && reloads(view).next().is_some() {
        return vec![Opinion::unsupported(
            "only who is reloaded by a signal has to tell which of them it follows",
        )];
    }
    let told: Vec<(&Reload<'_>, Vec<&Notice>)> = all
        .iter()
        .map(|reload| {
            let began = reload.told.iter().copied().filter(|notice| notice.is_reloading());
            (reload, began.collect::<Vec<_>>())
        })
        .filter(|(_, began)| !began.is_empty())
        .collect();
    if told.is_empty() && !all.is_empty() {
        return vec![Opinion::unsupported("it tells of no reload")];
    }
    let against = told.iter().find_map(|(reload, began)| {
        if began.iter().any(|notice| is_timely(reload, notice)) {
            return None;
        }
        let first = began.first()?;
        let observed = match first.sent_at() {
            None => format!("no such time in {:?}", first.message),
            Some(sent) if sent < i128::from(reload.begin) => format!(
                "a time that is {} before the signal",
                apart(i128::from(reload.begin) - sent)
            ),
            Some(sent) => format!(
                "a time that is {} after the message was read",
                apart(sent - i128::from(first.at))
            ),
        };
        let expected = "RELOADING=1 with a MONOTONIC_USEC from between the signal and its own arrival";
        Some(Seen::new(expected, observed).at(first.at))
    });
    vec![Opinion::of_trials(against, told.len(), LEAST_RELOADS)]
}

/// Whether a message bears a time of after the signal that it follows.
fn is_timely(reload: &Reload<'_>, notice: &Notice) -> bool {
    notice
        .sent_at()
        .is_some_and(|sent| sent >= i128::from(reload.begin) - SLACK && sent <= i128::from(notice.at) + SLACK)
}

fn apart(nanos: i128) -> String {
    ms(u64::try_from(nanos).unwrap_or(u64::MAX))
}
