//! How much is let in: rate limits and session limits, which belong to routes, to upstreams and to all of it, and circuit breakers.

use super::shared::{CLIENT_KEY, RATE};
use super::tables::key;
use super::{Absent, Key, Kind};

/// `rate_limit`, at the top, of a route and of an upstream.
pub const RATE_LIMIT: &[Key] = &[
    key(
        "rate",
        Kind::Text(RATE),
        Absent::Refused,
        "How fast the bucket fills with tokens, of which a request takes one. A request that finds none gets 429 with `Retry-After`.",
    ),
    key(
        "burst",
        Kind::Number {
            low: 1,
            high: 1_000_000,
        },
        Absent::Means("the whole requests of one second, at least 1"),
        "How many tokens it holds: what may come at once.",
    ),
    key(
        "by",
        Kind::Text(CLIENT_KEY),
        Absent::Means("all requests share one bucket"),
        "Each client has a bucket of its own. An address of IPv6 counts by its first 64 bits; requests without the field are one client.",
    ),
    key(
        "clients",
        Kind::Number {
            low: 16,
            high: 1_000_000,
        },
        Absent::Default("10000"),
        "How many clients have a bucket of their own, at most. Those for whom there is no room share buckets, so that none gets more than its own would give.",
    ),
];

/// `sessions`, at the top, of a route and of an upstream.
pub const SESSIONS: &[Key] = &[
    key(
        "max",
        Kind::Number {
            low: 1,
            high: 1_000_000,
        },
        Absent::Refused,
        "Requests that are answered at a time. One counts until the end of its answer, or of its tunnel. One too many gets 503.",
    ),
    key(
        "queue",
        Kind::Number {
            low: 0,
            high: 1_000_000,
        },
        Absent::Default("0"),
        "Requests that may wait for their turn, which comes in the order in which they came.",
    ),
    key(
        "queue_timeout",
        Kind::Duration,
        Absent::Default("5s"),
        "How long each of them waits.",
    ),
];

/// `breaker` of an upstream.
pub const BREAKER: &[Key] = &[
    key(
        "consecutive_failures",
        Kind::Number { low: 1, high: 10_000 },
        Absent::Means("5, if there is no `failure_rate`; else it is not asked how many come in a row"),
        "Failures in a row that open it. A failure is an answer with a status of 5xx, or none at all.",
    ),
    key(
        "failure_rate",
        Kind::Number { low: 1, high: 100 },
        Absent::Means("it is not asked for"),
        "The share of failures, in per cent, that opens it.",
    ),
    key(
        "window",
        Kind::Duration,
        Absent::Default("10s"),
        "The time over which the share is taken.",
    ),
    key(
        "min_requests",
        Kind::Number {
            low: 1,
            high: 1_000_000,
        },
        Absent::Default("20"),
        "Requests in that time below which there is no share.",
    ),
    key(
        "open",
        Kind::Duration,
        Absent::Default("30s"),
        "How long it stays open: requests get 503 with `Retry-After`.",
    ),
    key(
        "probes",
        Kind::Number { low: 1, high: 1000 },
        Absent::Default("1"),
        "Requests that are let through after that. If all of them are good it closes, and with the first that is not it opens again.",
    ),
];
