//! How often a request is tried, and for how long, as the file would say it.

use serde_json::{Map, Value, json};

use super::duration;
use crate::model::{Attempts, Failing, Hedge, Retry, RetryBudget, RouteTimeouts};

pub(super) fn put(shown: &mut Map<String, Value>, attempts: &Attempts) {
    let Attempts {
        timeouts: RouteTimeouts { request, attempt },
        retry,
        hedge,
    } = attempts;
    let mut timeouts = json!({});
    for (key, time) in [("request", request), ("attempt", attempt)] {
        if let Some(time) = time {
            timeouts[key] = duration(*time).into();
        }
    }
    shown.insert("timeouts".into(), timeouts);
    if let Some(retry) = retry {
        shown.insert("retry".into(), retry_of(retry));
    }
    if let Some(Hedge { delay }) = hedge {
        shown.insert("hedge".into(), json!({"delay": duration(*delay)}));
    }
}

fn retry_of(retry: &Retry) -> Value {
    let Retry {
        attempts,
        on,
        statuses,
        backoff,
        backoff_limit,
        buffer_bytes,
    } = retry;
    json!({
        "attempts": attempts,
        "on": on.iter().map(|one| Failing::word(*one)).collect::<Vec<_>>(),
        "statuses": statuses.to_string(),
        "backoff": duration(*backoff),
        "backoff_limit": duration(*backoff_limit),
        "buffer": buffer_bytes,
    })
}

pub(super) fn budget(budget: &RetryBudget) -> Value {
    let RetryBudget {
        percent,
        window,
        min_retries,
    } = budget;
    json!({"percent": percent, "window": duration(*window), "min_retries": min_retries})
}
