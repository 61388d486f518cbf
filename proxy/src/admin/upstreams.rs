//! What the status says of upstreams.

use serde_json::{Map, Value, json};

use super::answers::millis;
use crate::runtime::{AttemptFigures, Condition, EndpointState, Snapshot, Upstream};

/// All upstreams in the order of their names.
pub(super) fn shown(snapshot: &Snapshot) -> Value {
    let mut all: Vec<_> = snapshot.upstreams.iter().collect();
    all.sort_by_key(|(name, _)| *name);
    let upstream = |(name, upstream): (_, &std::sync::Arc<Upstream>)| {
        let states = upstream.states().enumerate();
        let endpoints: Vec<_> = states
            .map(|(index, (address, state))| endpoint(address, state, upstream.is_open(index)))
            .collect();
        json!({"name": format!("{name}"), "endpoints": endpoints, "attempts": attempts(&upstream.attempts())})
    };
    all.into_iter().map(upstream).collect()
}

fn attempts(figures: &AttemptFigures) -> Value {
    let AttemptFigures {
        retries,
        exhausted,
        balance,
        hedges,
        hedges_won,
        timeouts,
    } = figures;
    let each = |counts: &[(&'static str, u64)]| -> Value {
        let counts = counts.iter();
        counts
            .map(|(word, count)| ((*word).to_owned(), (*count).into()))
            .collect::<Map<_, _>>()
            .into()
    };
    json!({
        "retries": each(retries),
        "retry_budget": {"balance": balance, "exhausted": exhausted},
        "hedges": {"made": hedges, "won": hedges_won},
        "timeouts": each(timeouts),
    })
}

fn endpoint(address: &str, state: &EndpointState, is_open: bool) -> Value {
    let (passed, failed) = state.checks();
    json!({
        "address": address,
        "gets_requests": is_open,
        "health": match state.condition() {
            Condition::Unchecked => "unchecked",
            Condition::Healthy => "healthy",
            Condition::Unhealthy => "unhealthy",
        },
        "checks": {"passed": passed, "failed": failed},
        "ejections": state.ejections(),
        "ejected_for_ms": state.ejected_for().map(millis),
        "requests": state.requests(),
    })
}
