//! What became of a change that came last in an overflow of the queue of events.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::effect::describe;
use super::ms;
use crate::vocabulary::{Event, Nanos};

/// How often it is tried in a case.
const LEAST_TRIALS: usize = 2;

/// An overflow: when the target was held, when it went on, and what it watched by.
#[derive(Clone, Copy)]
struct Overflow<'a> {
    begin: Nanos,
    at: Nanos,
    renamed: u64,
    watches: Option<u64>,
    failed: Option<&'a str>,
}

fn overflows<'a>(life: &Life<'a>) -> impl Iterator<Item = Overflow<'a>> {
    life.events.iter().filter_map(|event| match event {
        Event::Flooded {
            begin,
            at,
            renamed,
            watches,
            failed,
        } => Some(Overflow {
            begin: *begin,
            at: *at,
            renamed: *renamed,
            watches: *watches,
            failed: failed.as_deref(),
        }),
        _ => None,
    })
}

pub(super) fn is_survived(view: &View<'_>) -> Vec<Opinion> {
    let opinions: Vec<Opinion> = view
        .lives
        .iter()
        .flat_map(|life| overflows(life).map(move |overflow| after(view, life, overflow)))
        .collect();
    let trials = opinions.len();
    let lacking = Opinion::of_trials(None, trials, LEAST_TRIALS);
    // What there is to say of one comes before that there were too few.
    let opinion = Opinion::weightiest(opinions.into_iter().chain([lacking]));
    opinion
        .map(|opinion| opinion.trials(trials))
        .into_iter()
        .collect()
}

/// What was served once the target went on.
fn after(view: &View<'_>, life: &Life<'_>, overflow: Overflow<'_>) -> Opinion {
    let Overflow {
        begin,
        at,
        renamed,
        watches,
        failed,
    } = overflow;
    if let Some(failed) = failed {
        return Opinion::inconclusive(format!(
            "the queue of events could not be made to overflow: {failed}"
        ));
    }
    let Some(write) = life
        .writes
        .iter()
        .find(|write| (begin..=at).contains(&write.config.at))
    else {
        return Opinion::inconclusive("no change was delivered meanwhile");
    };
    let bound = view.apply_bound();
    let latency = write.seen.map(|seen| seen.saturating_sub(at));
    if let Some(latency) = latency.filter(|latency| *latency <= bound) {
        let queue = match watches {
            Some(0) => "without a watch whose queue could overflow".to_owned(),
            Some(_) | None => format!("after {renamed} renames"),
        };
        return Opinion::met().figure(format!("served after {}, {queue}", ms(latency)));
    }
    let deadline = at.saturating_add(bound);
    if let Some(why) = view.starved(at, deadline, bound) {
        return Opinion::inconclusive(why);
    }
    if latency.is_none() && life.asked.min(life.ended) < deadline && life.exited.is_none() {
        return Opinion::inconclusive("the run ended before");
    }
    let expected = format!(
        "an answer of {} within {} of the moment in which the target went on",
        write.generation(),
        ms(bound)
    );
    let observed = latency.map_or_else(
        || {
            let last = life
                .traffic()
                .filter(|request| request.at >= at && request.at < write.until)
                .last();
            let instead = last.map_or_else(|| "nothing was answered".to_owned(), describe);
            format!("it was never served; at last {instead}")
        },
        |latency| format!("it was first served after {}", ms(latency)),
    );
    Opinion::not_met(Seen::new(expected, observed).at(at))
}
