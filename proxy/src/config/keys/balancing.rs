//! Which endpoint of an upstream gets a request, and which gets none.

use super::shared::{AUTHORITY, COOKIE, FAILURES, FIELD, SERVICE, STATUSES, TARGET};
use super::tables::key;
use super::{Absent, Key, Kind};

/// `hash` of an upstream.
pub const HASH: &[Key] = &[
    key(
        "header",
        Kind::Text(FIELD),
        Absent::Means("the client's address, if there is no `cookie`"),
        "Requests with the same value of this field belong together. One without it is given to whose turn it is.",
    ),
    key(
        "cookie",
        Kind::Text(COOKIE),
        Absent::Means("the client's address, if there is no `header`"),
        "Requests with the same value of this cookie belong together. One without it is given to whose turn it is.",
    ),
    key(
        "load_limit",
        Kind::Number {
            low: 101,
            high: 10_000,
        },
        Absent::Default("125"),
        "What an endpoint has to bear at most, in percent of its fair share of the requests in flight. What is more goes to the next endpoint of its key. Up to 8 are borne in any case.",
    ),
];

/// `sticky` of an upstream.
pub const STICKY: &[Key] = &[
    key(
        "cookie",
        Kind::Text(COOKIE),
        Absent::Refused,
        "The name of the cookie. Its value is a digest of the upstream's name and the endpoint's address; scripts do not see it.",
    ),
    key(
        "same_site",
        Kind::Word(&["strict", "lax", "none"]),
        Absent::Default("lax"),
        "Whether browsers send it from other sites. With `none` they take it by TLS only.",
    ),
];

/// `health` of an upstream.
pub const HEALTH: &[Key] = &[
    key(
        "type",
        Kind::Word(&["http", "tcp", "grpc"]),
        Absent::Default("http"),
        "What passes: a request that is answered with an expected status, a connection that comes about, or a call of gRPC's health service that is answered by `SERVING`, which takes `protocol: http2`. All speak TLS where the upstream does.",
    ),
    key(
        "path",
        Kind::Text(TARGET),
        Absent::Means("`/`, of `http`"),
        "What a request asks for.",
    ),
    key(
        "host",
        Kind::Text(AUTHORITY),
        Absent::Means("the address of each endpoint, of `http` and `grpc`"),
        "The `Host` field of a request.",
    ),
    key(
        "service",
        Kind::Text(SERVICE),
        Absent::Means("the whole server, of `grpc`"),
        "Whose health is asked for.",
    ),
    key(
        "expect",
        Kind::Text(STATUSES),
        Absent::Means("200-299, of `http`"),
        "The statuses that pass.",
    ),
    key(
        "interval",
        Kind::Duration,
        Absent::Default("5s"),
        "From one check of an endpoint to the next. The first of a new endpoint is made at once; until it is over the endpoint counts as healthy, and it decides alone.",
    ),
    key(
        "timeout",
        Kind::Duration,
        Absent::Default("2s"),
        "What one check may take.",
    ),
    key(
        "healthy_after",
        Kind::Number { low: 1, high: 100 },
        Absent::Default("2"),
        "Checks in a row that have to pass until an unhealthy endpoint is healthy.",
    ),
    key(
        "unhealthy_after",
        Kind::Number { low: 1, high: 100 },
        Absent::Default("3"),
        "Checks in a row that have to fail until a healthy endpoint is unhealthy.",
    ),
];

/// `ejection` of an upstream.
pub const EJECTION: &[Key] = &[
    key(
        "after",
        Kind::Number { low: 1, high: 1000 },
        Absent::Default("5"),
        "Failures in a row after which an endpoint gets no requests for a while. No connection, no answer in time, and an answer that breaks off before its head are failures.",
    ),
    key(
        "statuses",
        Kind::Text(FAILURES),
        Absent::Default("500-599"),
        "The statuses that are failures, too.",
    ),
    key(
        "time",
        Kind::Duration,
        Absent::Default("30s"),
        "How long the first ejection lasts. Each that follows lasts twice as long; whoever stays good for `time_limit` begins anew.",
    ),
    key(
        "time_limit",
        Kind::Duration,
        Absent::Default("5m"),
        "How long no ejection lasts longer than.",
    ),
    key(
        "max_share",
        Kind::Number { low: 1, high: 100 },
        Absent::Default("50"),
        "How many of the endpoints may be ejected at a time, in percent. The last one that gets requests never is.",
    ),
];
