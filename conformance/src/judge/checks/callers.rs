//! What a change of the configuration means to those who ask for a further name by TLS, and to those who came before.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::ms;
use super::tls::{all, describe, ready};
use crate::vocabulary::{Caller, Handshake, Nanos, Shaken};

/// Below so many handshakes, silence says too little.
const LEAST: usize = 5;

/// Changes that add the further certificate, or take it away.
fn changes<'v, 'a>(view: &'v View<'a>, adds: bool) -> Vec<(&'v Life<'a>, &'v Write<'a>)> {
    let mut found = Vec::new();
    for life in ready(view) {
        let mut before = life.first_layout.further_name;
        for write in life.changes() {
            let has = write.config.layout.further_name;
            if has != before && has == adds {
                found.push((life, write));
            }
            before = has;
        }
    }
    found
}

/// Until when what a change brought was there: the next one that changes it, or the end.
fn until(life: &Life<'_>, write: &Write<'_>) -> Nanos {
    let has = write.config.layout.further_name;
    let mut later = life
        .changes()
        .filter(|later| later.config.begin > write.config.begin);
    later
        .find(|later| later.config.layout.further_name != has)
        .map_or(life.asked, |later| later.config.begin)
}

pub(super) fn further_is_shown(view: &View<'_>) -> Vec<Opinion> {
    let bound = view.apply_bound();
    let opinions = changes(view, true).into_iter().map(|(life, write)| {
        let (due, until) = (write.told().saturating_add(bound), until(life, write));
        let due_of_all: Vec<&Handshake> = all(life, Caller::Further)
            .into_iter()
            .filter(|one| one.begin > due && one.at < until)
            .collect();
        let wrong: Vec<&&Handshake> = due_of_all.iter().filter(|one| one.leaf().is_none()).collect();
        let Some(first) = wrong.first() else {
            return Opinion::of_trials(None, due_of_all.len(), LEAST);
        };
        // What is never shown may be late; what was shown and is not any more is no question of time.
        let is_shown = due_of_all.iter().any(|one| one.leaf().is_some());
        let late = || view.starved(write.config.begin, due, bound);
        let is_slow = || {
            let slow = |one: &&&Handshake| {
                matches!(one.end, Shaken::TimedOut)
                    .then(|| view.starved(one.begin, one.at, one.at.saturating_sub(one.begin)))
                    .flatten()
            };
            let reasons: Vec<String> = wrong.iter().filter_map(slow).collect();
            (reasons.len() == wrong.len())
                .then(|| reasons.into_iter().next())
                .flatten()
        };
        if let Some(why) = (!is_shown).then(late).flatten().or_else(is_slow) {
            return Opinion::inconclusive(why);
        }
        let observed = format!(
            "{} of {} did not: {}",
            wrong.len(),
            due_of_all.len(),
            describe(first)
        );
        let expected = format!(
            "past {} from {} on, every handshake for the further name shows its certificate",
            ms(bound),
            ms(write.told())
        );
        Opinion::not_met(Seen::new(expected, observed).at(first.at)).trials(due_of_all.len())
    });
    one_of(opinions)
}

pub(super) fn removed_is_gone(view: &View<'_>) -> Vec<Opinion> {
    let opinions = changes(view, false).into_iter().map(|(life, write)| {
        let Some(closed) = write.window_closed(view.facts) else {
            return Opinion::inconclusive("the change was not seen to take effect");
        };
        let until = until(life, write);
        let later: Vec<&Handshake> = all(life, Caller::Further)
            .into_iter()
            .filter(|one| one.begin > closed && one.at < until)
            .collect();
        let shown: Vec<&&Handshake> = later.iter().filter(|one| one.leaf().is_some()).collect();
        let against = shown.first().map(|first| {
            let observed = format!("{} of {}: {}", shown.len(), later.len(), describe(first));
            let expected = format!("from {} on, nobody is shown what was taken away", ms(closed));
            Seen::new(expected, observed).at(first.at)
        });
        Opinion::of_trials(against, later.len(), LEAST)
    });
    one_of(opinions)
}

fn one_of(opinions: impl Iterator<Item = Opinion>) -> Vec<Opinion> {
    let none = || Opinion::inconclusive("no such change was delivered");
    vec![Opinion::weightiest(opinions).unwrap_or_else(none)]
}

/// Of one client, who comes again and again: but for the first time, it can resume.
pub(super) fn sessions_resume(view: &View<'_>) -> Vec<Opinion> {
    let mut after = 0;
    let mut lost: Vec<(&Handshake, &Write<'_>)> = Vec::new();
    for life in ready(view) {
        let Some(first) = life.changes().next() else {
            continue;
        };
        let shaken = all(life, Caller::Returning);
        let again = shaken.into_iter().filter(|one| one.leaf().is_some()).skip(1);
        let (before, rest): (Vec<&Handshake>, Vec<_>) = again.partition(|one| one.at < first.config.begin);
        if before.is_empty() || before.iter().any(|one| !one.resumed) {
            return vec![Opinion::unsupported(
                "not every session is resumed before anything changes",
            )];
        }
        after += rest.len();
        for one in rest.into_iter().filter(|one| !one.resumed) {
            let change = life.changes().filter(|write| write.config.begin < one.at).last();
            lost.push((one, change.unwrap_or(first)));
        }
    }
    let against = lost.first().map(|(first, write)| {
        let observed = format!(
            "{} of {after} handshakes resumed nothing, the first {} after {} was delivered",
            lost.len(),
            ms(first.at.saturating_sub(write.config.begin)),
            write.generation()
        );
        let expected = "a client that resumed its session before the changes resumes it after each";
        Seen::new(expected, observed).at(first.at)
    });
    vec![Opinion::of_trials(against, after, LEAST)]
}
