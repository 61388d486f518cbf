//! How much is let in: rate limits, session limits and circuit breakers.

use http::HeaderName;

use super::super::{Diagnostic, Node, Path, keys};
use super::reader::{Report, Table};
use super::scalars::{duration, echo, number, text};
use crate::model::{Admission, Breaker, ClientKey, Rate, RateLimit, RateUnit, SessionLimit};

const MOST: u64 = 1_000_000;

/// The limits of whatever a table is about.
pub(super) fn read(table: &Table<'_>) -> Admission {
    Admission {
        rate_limit: table.with("rate_limit", rate_limit),
        sessions: table.with("sessions", sessions),
    }
}

fn rate_limit(node: &Node, path: &Path<'_>, report: &Report) -> Option<RateLimit> {
    let table = Table::read(node, path, keys::RATE_LIMIT, report)?;
    let rate = table.required("rate", rate);
    let burst = table.with("burst", number(1, MOST));
    let by = table.with("by", client_key);
    let clients = table.with("clients", number(16, MOST)).unwrap_or(10_000) as usize;
    let rate = rate?;
    Some(RateLimit {
        rate,
        burst: burst.unwrap_or_else(|| rate.in_a_second()),
        by,
        clients,
    })
}

fn rate(node: &Node, path: &Path<'_>, report: &Report) -> Option<Rate> {
    let help = "1 to 1000000 requests in a second, a minute or an hour: 100/s, 600/m, 1000/h";
    let (Node::String(text) | Node::Filled(text)) = node else {
        let message = format!("expected a rate, found {}", node.kind());
        report.add(Diagnostic::new("wrong-type", message).with_help(help).at(path));
        return None;
    };
    let read = text.split_once('/').and_then(|(count, unit)| {
        let plain = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        let (_, per) = *RateUnit::ALL.iter().find(|(word, _)| *word == unit)?;
        let count = count
            .parse()
            .ok()
            .filter(|count| plain && (1..=MOST).contains(count))?;
        Some(Rate { count, per })
    });
    if read.is_none() {
        let message = format!("{} is no rate", echo(text, "this"));
        report.add(Diagnostic::new("bad-rate", message).with_help(help).at(path));
    }
    read
}

fn client_key(node: &Node, path: &Path<'_>, report: &Report) -> Option<ClientKey> {
    let text = text(node, path, report)?;
    let read = match text.strip_prefix("header:") {
        Some(name) => HeaderName::try_from(name).ok().map(ClientKey::Header),
        None => (text == "client_address").then_some(ClientKey::Address),
    };
    if read.is_none() {
        let message = format!("{} tells no clients apart", echo(text, "this"));
        let help = "`client_address`, or as in `header:x-api-key`";
        report.add(Diagnostic::new("unknown-word", message).with_help(help).at(path));
    }
    read
}

fn sessions(node: &Node, path: &Path<'_>, report: &Report) -> Option<SessionLimit> {
    let table = Table::read(node, path, keys::SESSIONS, report)?;
    let max = table.required("max", number(1, MOST));
    let queue = table.with("queue", number(0, MOST)).unwrap_or(0) as usize;
    let queue_timeout = table.with("queue_timeout", duration);
    Some(SessionLimit {
        max: max? as u32,
        queue,
        queue_timeout: queue_timeout.unwrap_or(std::time::Duration::from_secs(5)),
    })
}

pub(super) fn breaker(node: &Node, path: &Path<'_>, report: &Report) -> Option<Breaker> {
    let table = Table::read(node, path, keys::BREAKER, report)?;
    let default = Breaker::default();
    let count = |key, high| table.with(key, number(1, high)).map(|number| number as u32);
    let failure_rate = table.with("failure_rate", number(1, 100)).map(|rate| rate as u8);
    let in_a_row = default.consecutive_failures.filter(|_| failure_rate.is_none());
    Some(Breaker {
        consecutive_failures: count("consecutive_failures", 10_000).or(in_a_row),
        failure_rate,
        window: table.with("window", duration).unwrap_or(default.window),
        min_requests: count("min_requests", MOST).unwrap_or(default.min_requests),
        open: table.with("open", duration).unwrap_or(default.open),
        probes: count("probes", 1000).unwrap_or(default.probes),
    })
}
