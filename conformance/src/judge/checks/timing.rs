//! How soon a change takes effect.

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::{MS, View};
use super::ms;
use crate::vocabulary::Nanos;

const TWO_SECONDS: Nanos = 2_000 * MS;
const UNNOTICED: Nanos = 250 * MS;

/// The least number of changes of which a 95th percentile says anything.
const LEAST_FOR_P95: usize = 20;

pub(super) fn within_two_seconds(view: &View<'_>) -> Vec<Opinion> {
    let changes = awaited(view);
    let slow = slower_than(&changes, TWO_SECONDS).into_iter().map(|write| {
        if let Some(why) = starved(view, write, TWO_SECONDS) {
            return Opinion::inconclusive(why);
        }
        let observed = match write.latency() {
            Some(latency) => format!("{} took {}", write.generation(), ms(latency)),
            None => format!("{} was never served", write.generation()),
        };
        Opinion::not_met(Seen::new("effective within 2000 ms", observed).at(write.told()))
    });
    let opinion = match Opinion::weightiest(slow) {
        Some(opinion) => opinion.trials(changes.len()),
        None => Opinion::of_trials(None, changes.len(), 1),
    };
    vec![opinion]
}

pub(super) fn p95_within_250_ms(view: &View<'_>) -> Vec<Opinion> {
    let changes = awaited(view);
    let slow = slower_than(&changes, UNNOTICED);
    // By nearest rank: so many may be slower than the 95th percentile.
    let may = changes.len() - (changes.len() * 95).div_ceil(100);
    if changes.len() < LEAST_FOR_P95 || slow.len() <= may {
        return vec![Opinion::of_trials(None, changes.len(), LEAST_FOR_P95)];
    }
    let excuses: Vec<String> = slow
        .iter()
        .filter_map(|write| starved(view, write, UNNOTICED))
        .collect();
    let excused = excuses.len();
    let opinion = match excuses.into_iter().next() {
        Some(why) if slow.len() - excused <= may => Opinion::inconclusive(why),
        _ => Opinion::not_met(Seen::new("95 of 100 within 250 ms", distribution(&changes))),
    };
    vec![opinion.trials(changes.len())]
}

pub(super) fn apply_latency(view: &View<'_>) -> Vec<Opinion> {
    view.lives
        .iter()
        .map(|life| {
            let changes: Vec<&Write<'_>> = life.changes().filter(|write| write.awaited).collect();
            let opinion = if changes.iter().all(|write| write.seen.is_none()) {
                Opinion::inconclusive("no change took effect")
            } else {
                Opinion::met()
                    .trials(changes.len())
                    .figure(distribution(&changes))
            };
            opinion.about(life.delivery.name())
        })
        .collect()
}

fn awaited<'v>(view: &'v View<'_>) -> Vec<&'v Write<'v>> {
    view.lives
        .iter()
        .flat_map(Life::changes)
        .filter(|write| write.awaited)
        .collect()
}

fn slower_than<'v>(changes: &[&'v Write<'v>], bound: Nanos) -> Vec<&'v Write<'v>> {
    let is_slow = |write: &&Write<'_>| write.latency().is_none_or(|latency| latency > bound);
    changes.iter().copied().filter(is_slow).collect()
}

fn starved(view: &View<'_>, write: &Write<'_>, bound: Nanos) -> Option<String> {
    view.starved(write.config.begin, write.told().saturating_add(bound), bound)
}

/// By nearest rank, of sorted values.
pub(super) fn percentile(sorted: &[Nanos], percent: usize) -> Nanos {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn distribution(changes: &[&Write<'_>]) -> String {
    let mut sorted: Vec<Nanos> = changes.iter().filter_map(|write| write.latency()).collect();
    sorted.sort_unstable();
    let never = match changes.len() - sorted.len() {
        0 => String::new(),
        never => format!(", never served {never}"),
    };
    format!(
        "n {}, min {}, median {}, p95 {}, max {}{never}",
        changes.len(),
        ms(percentile(&sorted, 0)),
        ms(percentile(&sorted, 50)),
        ms(percentile(&sorted, 95)),
        ms(percentile(&sorted, 100)),
    )
}
