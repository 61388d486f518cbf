//! How often a request is tried, and for how long.

use super::shared::FAILURES;
use super::tables::key;
use super::{Absent, Key, Kind};

/// `timeouts` of a route.
pub const ROUTE_TIMEOUTS: &[Key] = &[
    key(
        "request",
        Kind::Duration,
        Absent::Means("no bound"),
        "From the head of the request to the head of the answer, all attempts and what is waited between them included. After it the answer is 504. `grpc-timeout` counts too.",
    ),
    key(
        "attempt",
        Kind::Duration,
        Absent::Means("no bound"),
        "The same for one attempt, from its beginning, which is a connection if there is none.",
    ),
];

/// `retry` of a route.
pub const RETRY: &[Key] = &[
    key(
        "attempts",
        Kind::Number { low: 1, high: 10 },
        Absent::Default("2"),
        "Attempts altogether. With 1 there is no other one, not even if nothing of the request was sent.",
    ),
    key(
        "on",
        Kind::Words(&["connect_failure", "unsent", "reset", "timeout"]),
        Absent::Means("all but `timeout`"),
        "After what: no connection came about; nothing of the request was sent, or an upstream by HTTP/2 says that it did nothing with it; the connection or the stream ended before the head of an answer; the head did not come in time. The last two only for GET, HEAD, OPTIONS, TRACE, PUT and DELETE.",
    ),
    key(
        "statuses",
        Kind::Text(FAILURES),
        Absent::Default("none"),
        "After answers with these statuses, too, for the same methods.",
    ),
    key(
        "backoff",
        Kind::Duration,
        Absent::Default("25ms"),
        "What is waited before the second attempt at most. It doubles with each attempt, and what is waited is any time below it.",
    ),
    key(
        "backoff_limit",
        Kind::Duration,
        Absent::Default("250ms"),
        "What it grows to.",
    ),
    key(
        "buffer",
        Kind::Size {
            low: 0,
            high: 64 * 1024 * 1024,
        },
        Absent::Default("0B"),
        "How much of a request's body is kept to be sent again. A request of which more was read is sent once.",
    ),
];

/// `hedge` of a route.
pub const HEDGE: &[Key] = &[key(
    "delay",
    Kind::Duration,
    Absent::Refused,
    "After how long without the head of an answer. Only for GET, HEAD, OPTIONS, TRACE, PUT and DELETE, without a body or with one that `retry.buffer` holds, within the upstream's `retry_budget`.",
)];

/// `retry_budget` of an upstream.
pub const RETRY_BUDGET: &[Key] = &[
    key(
        "percent",
        Kind::Number { low: 0, high: 100 },
        Absent::Default("20"),
        "How many there may be for the requests of routes with `retry` or `hedge`, in percent of those requests.",
    ),
    key(
        "window",
        Kind::Duration,
        Absent::Default("10s"),
        "The time over which both are counted.",
    ),
    key(
        "min_retries",
        Kind::Number {
            low: 0,
            high: 100_000,
        },
        Absent::Default("10"),
        "How many there may be in that time besides the share.",
    ),
];

/// `timeouts` of an upstream.
pub const TIMEOUTS: &[Key] = &[
    key(
        "connect",
        Kind::Duration,
        Absent::Default("5s"),
        "Until a connection stands.",
    ),
    key(
        "response",
        Kind::Duration,
        Absent::Default("60s"),
        "From the last byte of the request that could be sent until the head of the response.",
    ),
    key(
        "idle",
        Kind::Duration,
        Absent::Default("5m"),
        "Between two pieces of the response's body.",
    ),
];
