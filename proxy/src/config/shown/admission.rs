//! Limits and breakers, as they are shown.

use serde_json::{Value, json};

use super::duration;
use crate::model::{Admission, Breaker, RateLimit, SessionLimit};

/// The keys that are there, with their values.
pub(super) fn shown(admission: &Admission) -> impl Iterator<Item = (&'static str, Value)> {
    let Admission { rate_limit, sessions } = admission;
    let rate = rate_limit.as_ref().map(rate);
    let sessions = sessions.as_ref().map(session);
    let both = [("rate_limit", rate), ("sessions", sessions)];
    both.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

fn rate(limit: &RateLimit) -> Value {
    let RateLimit {
        rate,
        burst,
        by,
        clients,
    } = limit;
    let mut shown = json!({"rate": rate.to_string(), "burst": burst, "clients": clients});
    if let Some(by) = by {
        shown["by"] = by.to_string().into();
    }
    shown
}

fn session(limit: &SessionLimit) -> Value {
    let SessionLimit {
        max,
        queue,
        queue_timeout,
    } = limit;
    json!({"max": max, "queue": queue, "queue_timeout": duration(*queue_timeout)})
}

pub(super) fn breaker(breaker: &Breaker) -> Value {
    let Breaker {
        consecutive_failures,
        failure_rate,
        window,
        min_requests,
        open,
        probes,
    } = breaker;
    let mut shown = json!({
        "window": duration(*window),
        "min_requests": min_requests,
        "open": duration(*open),
        "probes": probes,
    });
    if let Some(failures) = consecutive_failures {
        shown["consecutive_failures"] = json!(failures);
    }
    if let Some(rate) = failure_rate {
        shown["failure_rate"] = json!(rate);
    }
    shown
}
