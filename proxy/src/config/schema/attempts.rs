//! How often a request is tried, and for how long.

use std::time::Duration;

use super::super::{Diagnostic, Item, Node, Path, keys};
use super::balancing::failures;
use super::reader::{Report, Table};
use super::scalars::{duration, number, one_of, size};
use crate::model::{Action, Attempts, Failing, Hedge, Retry, RetryBudget, RouteTimeouts};

/// What a route says. Where it forwards nothing, nothing of it would count.
pub(super) fn read(route: &Table<'_>, action: Option<&Action>) -> Attempts {
    let attempts = Attempts {
        timeouts: route.with("timeouts", timeouts).unwrap_or_default(),
        retry: route.with("retry", retry),
        hedge: route.with("hedge", hedge),
    };
    if matches!(action, Some(Action::Respond { .. } | Action::Redirect { .. })) {
        for key in ["timeouts", "retry", "hedge"] {
            if route.get(key).is_some() {
                let complaint = Diagnostic::new("without-effect", "the proxy answers by itself here");
                route.complain(key, complaint.with_help("name an `upstream`, or remove the key"));
            }
        }
    }
    attempts
}

fn timeouts(node: &Node, path: &Path<'_>, report: &Report) -> Option<RouteTimeouts> {
    let table = Table::read(node, path, keys::ROUTE_TIMEOUTS, report)?;
    Some(RouteTimeouts {
        request: table.with("request", duration),
        attempt: table.with("attempt", duration),
    })
}

fn retry(node: &Node, path: &Path<'_>, report: &Report) -> Option<Retry> {
    let table = Table::read(node, path, keys::RETRY, report)?;
    let default = Retry::default();
    let attempts = table.with("attempts", number(1, 10));
    let backoff = table.with("backoff", duration).unwrap_or(default.backoff);
    let limit = table.with("backoff_limit", duration);
    Some(Retry {
        attempts: attempts.map_or(default.attempts, |attempts| attempts as u32),
        on: table.with("on", on).unwrap_or(default.on),
        statuses: table.with("statuses", failures).unwrap_or(default.statuses),
        backoff,
        backoff_limit: limit.unwrap_or(default.backoff_limit.max(backoff)),
        buffer_bytes: table
            .with("buffer", size(0, 64 << 20))
            .unwrap_or(default.buffer_bytes),
    })
}

/// Ways to fail, at least one.
fn on(node: &Node, path: &Path<'_>, report: &Report) -> Option<Vec<Failing>> {
    let Node::List(items) = node else {
        report.wrong_type(path, "a list", node);
        return None;
    };
    if items.is_empty() {
        let complaint = Diagnostic::new("out-of-range", "nothing is retried");
        let help = "name what is, or say `attempts: 1`";
        report.add(complaint.with_help(help).at(path));
        return None;
    }
    let read = |(index, item): (usize, &Item)| one_of(&Failing::NAMED)(item, &path.item(index), report);
    let mut all: Vec<Failing> = items.iter().enumerate().map(read).collect::<Option<_>>()?;
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn hedge(node: &Node, path: &Path<'_>, report: &Report) -> Option<Hedge> {
    let table = Table::read(node, path, keys::HEDGE, report)?;
    let delay = table.required("delay", duration)?;
    Some(Hedge { delay })
}

pub(super) fn budget(node: &Node, path: &Path<'_>, report: &Report) -> Option<RetryBudget> {
    let table = Table::read(node, path, keys::RETRY_BUDGET, report)?;
    let default = RetryBudget::default();
    let percent = table.with("percent", number(0, 100));
    let window: Option<Duration> = table.with("window", duration);
    let least = table.with("min_retries", number(0, 100_000));
    Some(RetryBudget {
        percent: percent.map_or(default.percent, |percent| percent as u8),
        window: window.unwrap_or(default.window),
        min_retries: least.map_or(default.min_retries, |least| least as u32),
    })
}
