//! How soon a change takes effect.

use super::super::opinion::{Opinion, Seen};
use super::super::view::{Life, MS, View, Write};
use super::ms;
use crate::vocabulary::Nanos;

const TWO_SECONDS: Nanos = 2_000 * MS;
const UNNOTICED: Nanos = 250 * MS;

/// The least number of changes of which a 95th percentile says anything.
const LEAST_FOR_P95: usize = 20;

pub(super) fn within_two_seconds(view: &View<'_>) -> Vec<Opinion> {
    let changes = awaited(view);
    let slow = changes
        .iter()
        .find(|write| write.latency().is_none_or(|latency| latency > TWO_SECONDS));
    let opinion = match slow {
        None => Opinion::of_trials(None, changes.len(), 1),
        Some(write) => match view.starved(write.told(), write.until, TWO_SECONDS) {
            Some(why) => Opinion::inconclusive(why),
            None => {
                let observed = match write.latency() {
                    Some(latency) => format!("{} took {}", write.generation(), ms(latency)),
                    None => format!("{} was never served", write.generation()),
                };
                Opinion::not_met(Seen::new("effective within 2000 ms", observed).at(write.told()))
                    .trials(changes.len())
            }
        },
    };
    vec![opinion]
}

pub(super) fn p95_within_250_ms(view: &View<'_>) -> Vec<Opinion> {
    let latencies = latencies(awaited(view));
    if latencies.len() < LEAST_FOR_P95 {
        return vec![Opinion::of_trials(None, latencies.len(), LEAST_FOR_P95)];
    }
    let p95 = percentile(&latencies, 95);
    let opinion = if p95 <= UNNOTICED {
        Opinion::of_trials(None, latencies.len(), LEAST_FOR_P95)
    } else {
        let (from, to) = span(view);
        match view.starved(from, to, 4 * latencies.len() as u64 * MS) {
            Some(why) => Opinion::inconclusive(why),
            None => Opinion::not_met(Seen::new("95 of 100 within 250 ms", distribution(&latencies)))
                .trials(latencies.len()),
        }
    };
    vec![opinion]
}

pub(super) fn apply_latency(view: &View<'_>) -> Vec<Opinion> {
    view.lives
        .iter()
        .filter_map(|life| {
            let latencies = latencies(life.changes().filter(|write| write.awaited).collect());
            let opinion = match latencies.is_empty() {
                true => Opinion::inconclusive("no change took effect"),
                false => Opinion::met()
                    .trials(latencies.len())
                    .figure(distribution(&latencies)),
            };
            Some(opinion.about(life.delivery.name()))
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

fn latencies(changes: Vec<&Write<'_>>) -> Vec<Nanos> {
    let mut latencies: Vec<Nanos> = changes.into_iter().filter_map(Write::latency).collect();
    latencies.sort_unstable();
    latencies
}

/// By nearest rank, of sorted values.
fn percentile(sorted: &[Nanos], percent: usize) -> Nanos {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn distribution(sorted: &[Nanos]) -> String {
    format!(
        "n {}, min {}, median {}, p95 {}, max {}",
        sorted.len(),
        ms(percentile(sorted, 0)),
        ms(percentile(sorted, 50)),
        ms(percentile(sorted, 95)),
        ms(percentile(sorted, 100)),
    )
}

fn span(view: &View<'_>) -> (Nanos, Nanos) {
    let from = view.lives.first().map_or(0, |life| life.began);
    (from, view.lives.last().map_or(from, |life| life.ended))
}
