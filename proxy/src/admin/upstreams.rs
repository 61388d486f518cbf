//! What the status says of upstreams.

use serde_json::{Map, Value, json};

use super::answers::millis;
use crate::runtime::{
    AttemptFigures, Condition, ConnectionFigures, CurrentUpstream, Lookups, Member, NameFigures, NameState,
    Snapshot,
};

/// All upstreams in the order of their names.
pub(super) fn shown(snapshot: &Snapshot) -> Value {
    let mut all: Vec<_> = snapshot.upstreams.iter().collect();
    all.sort_by_key(|(name, _)| *name);
    let upstream = |(name, current): (_, &std::sync::Arc<CurrentUpstream>)| {
        let upstream = current.now();
        let members = upstream.members.iter().enumerate();
        let endpoints: Vec<_> = members
            .map(|(index, member)| endpoint(member, upstream.is_open(index)))
            .collect();
        let names: Vec<_> = current.names().iter().map(|one| looked_up(one)).collect();
        let attempts = attempts(&upstream.attempts());
        json!({"name": format!("{name}"), "endpoints": endpoints, "names": names, "attempts": attempts})
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

fn endpoint(member: &Member, is_open: bool) -> Value {
    let Member { key, state, .. } = member;
    let (passed, failed) = state.checks();
    let ConnectionFigures {
        open, idle, opened, ..
    } = state.connections();
    json!({
        "address": key.as_ref(),
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
        "connections": {"open": open, "idle": idle, "opened": opened},
    })
}

fn looked_up(name: &NameState) -> Value {
    let NameFigures {
        addresses,
        age,
        trouble,
        lookups: Lookups {
            answered,
            empty,
            failed,
        },
    } = name.figures();
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    json!({
        "name": name.authority.as_ref(),
        "addresses": addresses,
        "answer_age_ms": age.map(millis),
        "lookups": {"answered": answered, "empty": empty, "failed": failed},
        "error": trouble.as_deref(),
    })
}
