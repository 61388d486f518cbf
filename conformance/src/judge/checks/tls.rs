//! What clients see of certificates while their files change.

use std::collections::BTreeMap;

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::ms;
use crate::vocabulary::{Caller, Event, Handshake, Leaf, Nanos, Renewed, Shaken};

/// So many handshakes are needed for the word that none fails.
const LEAST_HANDSHAKES: usize = 20;
/// Below so many after a time, their silence says too little about it.
const LEAST_AFTER: usize = 10;

const NONE_BEFORE: &str = "no handshake succeeded on a fresh process";

/// Handshakes that may speak for or against a process, in order: begun while it was to serve, over before it was asked to stop, and not failed by the
/// harness itself.
pub(super) fn all<'a>(life: &Life<'a>, caller: Caller) -> Vec<&'a Handshake> {
    let (ready, asked) = (life.ready, life.asked);
    let mut all: Vec<&Handshake> = life
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Handshake(handshake) => Some(handshake),
            _ => None,
        })
        .filter(|one| one.caller == caller)
        .filter(|one| ready.is_some_and(|ready| one.begin >= ready) && one.at < asked)
        .filter(|one| !matches!(one.end, Shaken::Harness { .. }))
        .collect();
    all.sort_by_key(|one| one.at);
    all
}

/// Those from the first one on that succeeded: before it, nothing was there that could be lost.
fn since_first<'a>(life: &Life<'a>) -> Vec<&'a Handshake> {
    let all = all(life, Caller::New);
    let first = all.iter().find(|one| one.leaf().is_some()).map(|one| one.at);
    let is_after = |one: &&Handshake| first.is_some_and(|first| one.at >= first);
    all.into_iter().filter(is_after).collect()
}

/// A renewal of a process, when it could know of it, and until when nothing else was done to the files.
struct Told<'a> {
    renewed: &'a Renewed,
    at: Nanos,
    until: Nanos,
}

fn renewals<'a>(life: &Life<'a>) -> Vec<Told<'a>> {
    let mut renewals: Vec<Told<'a>> = Vec::new();
    for event in &life.events {
        match event {
            Event::Renewed(renewed) => {
                if let Some(last) = renewals.last_mut() {
                    last.until = renewed.begin;
                }
                renewals.push(Told {
                    renewed,
                    at: renewed.at,
                    until: life.asked,
                });
            }
            Event::Trigger { begin, .. } => {
                if let Some(last) = renewals.last_mut()
                    && last.at == last.renewed.at
                {
                    last.at = *begin;
                }
            }
            _ => {}
        }
    }
    renewals
}

/// On a fresh process, before anything is done to the files, hands can be shaken.
pub(super) fn is_there(view: &View<'_>) -> Option<Opinion> {
    let opinions = ready(view).filter_map(|life| {
        let all = all(life, Caller::New);
        let changed = renewals(life)
            .first()
            .map_or(life.asked, |told| told.renewed.begin);
        let mut before = all.iter().filter(|one| one.begin < changed);
        let last = before.clone().next_back()?;
        if before.any(|one| one.leaf().is_some()) {
            return Some(Opinion::met());
        }
        let seen = Seen::new(
            "a handshake that shows the certificate of the run",
            describe(last),
        );
        Some(Opinion::not_met(seen.at(last.at)))
    });
    Opinion::weightiest(opinions.collect::<Vec<_>>()).map(|opinion| opinion.about("tls"))
}

pub(super) fn takes_effect(view: &View<'_>) -> Vec<Opinion> {
    let mut trials = 0;
    let mut against = Vec::new();
    for life in &view.lives {
        let shaken = since_first(life);
        for (told, leaf) in renewals(life)
            .iter()
            .filter_map(|told| Some((told, told.renewed.pair()?)))
        {
            trials += 1;
            if shaken.is_empty() {
                against.push(Opinion::inconclusive(NONE_BEFORE));
                continue;
            }
            against.extend(late(view, &shaken, told, leaf));
        }
    }
    let opinion = Opinion::weightiest(against).unwrap_or_else(|| {
        let least = view.plan.pairs_renewed().max(1);
        Opinion::of_trials(None, trials, least)
    });
    vec![opinion.trials(trials)]
}

/// What there is to say of a certificate that was not shown in time.
fn late(view: &View<'_>, shaken: &[&Handshake], told: &Told<'_>, leaf: Leaf) -> Option<Opinion> {
    let bound = view.apply_bound();
    let due = told.at.saturating_add(bound);
    let seen = shaken
        .iter()
        .find(|one| one.at >= told.renewed.begin && one.leaf() >= Some(leaf));
    let observed = match seen {
        Some(seen) if seen.at <= due => return None,
        Some(seen) => format!(
            "{leaf} was first shown after {}",
            ms(seen.at.saturating_sub(told.at))
        ),
        None if told.until < due => return Some(Opinion::inconclusive("the run ended before")),
        None => {
            let last = shaken.iter().rfind(|one| one.at < told.until);
            let last = last.map_or_else(|| "there was no handshake".to_owned(), |one| describe(one));
            format!("{leaf} was never shown; at last {last}")
        }
    };
    if let Some(why) = view.starved(told.renewed.begin, due, bound) {
        return Some(Opinion::inconclusive(why));
    }
    let expected = format!(
        "a handshake that shows {leaf} within {} of {}, which left certificate and key that belong together",
        ms(bound),
        told.renewed.renewal.words()
    );
    Some(Opinion::not_met(Seen::new(expected, observed).at(told.at)))
}

pub(super) fn never_goes_back(view: &View<'_>) -> Vec<Opinion> {
    let bound = view.apply_bound();
    let mut after = 0;
    let mut against = None;
    for life in &view.lives {
        // When each was first shown; its window closes the apply bound later.
        let mut first: BTreeMap<Leaf, Nanos> = BTreeMap::new();
        let shaken = since_first(life);
        for one in &shaken {
            if let Some(leaf) = one.leaf() {
                first.entry(leaf).or_insert(one.at);
            }
        }
        for one in &shaken {
            let is_closed = |at: &Nanos| at.saturating_add(bound) < one.begin;
            let newest = first.iter().rev().find(|(_, at)| is_closed(at));
            let (Some((newest, at)), Some(leaf)) = (newest, one.leaf()) else {
                continue;
            };
            // The first certificate of all can be gone back from by nobody.
            after += usize::from(first.keys().next() < Some(newest));
            if leaf < *newest && against.is_none() {
                let expected = format!(
                    "{newest} or a newer one, for {newest} was shown first {} before",
                    ms(one.begin.saturating_sub(*at))
                );
                against = Some(Seen::new(expected, describe(one)).at(one.at));
            }
        }
    }
    vec![Opinion::of_trials(against, after, LEAST_AFTER)]
}

pub(super) fn succeed(view: &View<'_>) -> Vec<Opinion> {
    let all: Vec<&Handshake> = ready(view).flat_map(since_first).collect();
    judged(view, &all, "every handshake succeeds", is_lost)
}

/// Those alone that fall into a time in which nothing good stands there: what a reload does to others is judged elsewhere.
pub(super) fn last_good_serves(view: &View<'_>) -> Vec<Opinion> {
    let all: Vec<&Handshake> = ready(view)
        .flat_map(|life| {
            let is_bad = |told: &Told<'_>| told.renewed.pair().is_none();
            let bad: Vec<Told<'_>> = renewals(life).into_iter().filter(is_bad).collect();
            let is_within = move |one: &&Handshake| {
                bad.iter()
                    .any(|told| one.begin >= told.renewed.begin && one.at < told.until)
            };
            since_first(life).into_iter().filter(is_within)
        })
        .collect();
    judged(
        view,
        &all,
        "every handshake succeeds, by the last certificate that stood there with its key",
        is_lost,
    )
}

fn is_lost(end: &Shaken) -> bool {
    matches!(end, Shaken::Failed { .. } | Shaken::TimedOut)
}

pub(super) fn ready<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'v Life<'a>> {
    view.lives.iter().filter(|life| life.ready.is_some())
}

pub(super) fn no_foreign(view: &View<'_>) -> Vec<Opinion> {
    let all: Vec<&Handshake> = ready(view).flat_map(since_first).collect();
    judged(view, &all, "certificates that were given, and no others", |end| {
        matches!(end, Shaken::Untrusted { .. })
    })
}

fn judged(
    view: &View<'_>,
    all: &[&Handshake],
    expected: &str,
    is_wrong: fn(&Shaken) -> bool,
) -> Vec<Opinion> {
    if all.is_empty() {
        return vec![Opinion::inconclusive(NONE_BEFORE)];
    }
    let wrong: Vec<&&Handshake> = all.iter().filter(|one| is_wrong(&one.end)).collect();
    let Some(first) = wrong.first() else {
        return vec![Opinion::of_trials(None, all.len(), LEAST_HANDSHAKES)];
    };
    // A time-out is a deadline that was missed, and no other failure is.
    let starved = |one: &&&Handshake| match one.end {
        Shaken::TimedOut => view.starved(one.begin, one.at, one.at.saturating_sub(one.begin)),
        _ => None,
    };
    let reasons: Vec<String> = wrong.iter().filter_map(starved).collect();
    if reasons.len() == wrong.len() {
        return reasons.into_iter().take(1).map(Opinion::inconclusive).collect();
    }
    let observed = format!("{} of {} did not: {}", wrong.len(), all.len(), describe(first));
    let seen = Seen::new(expected, observed).at(first.at);
    vec![Opinion::not_met(seen).trials(all.len())]
}

/// What a handshake brought, in words.
pub(super) fn describe(one: &Handshake) -> String {
    match &one.end {
        Shaken::Showed { leaf } => format!("{leaf} was shown"),
        Shaken::Untrusted { detail } => format!("a certificate was shown that was never given: {detail}"),
        Shaken::Failed { detail } => format!("a handshake failed: {detail}"),
        Shaken::TimedOut => "a handshake came to no end in time".to_owned(),
        Shaken::Harness { detail } => format!("the harness failed: {detail}"),
    }
}
