//! Where an upstream's connections lead, and which are kept.

use super::tables::key;
use super::{Absent, Key, Kind};

/// `resolve` of an upstream.
pub const RESOLVE: &[Key] = &[
    key(
        "every",
        Kind::Duration,
        Absent::Default("10s"),
        "From one lookup of a name to the next. Until one gives addresses, it is tried every second, or more often if this is shorter; what was known stays meanwhile.",
    ),
    key(
        "timeout",
        Kind::Duration,
        Absent::Default("5s"),
        "What a lookup may take until it counts as failed. Nobody waits for one but the first requests to an upstream of which no name is known, and they for no longer than for a connection.",
    ),
    key(
        "prefer",
        Kind::Word(&["ipv4", "ipv6", "both"]),
        Absent::Default("ipv4"),
        "Which addresses count where a name has some of both families. With `both`, a server that has both is two endpoints.",
    ),
];

/// `pool`, at the top and of an upstream.
pub const POOL: &[Key] = &[
    key(
        "max_idle",
        Kind::Number { low: 0, high: 65_536 },
        Absent::Means("256, or what `pool` at the top says"),
        "How many idle connections each worker keeps to an endpoint. With 0, a connection of HTTP/1.1 is closed after its request.",
    ),
    key(
        "idle_timeout",
        Kind::Duration,
        Absent::Means("4s by HTTP/1.1, 60s by HTTP/2, or what `pool` at the top says"),
        "How long one is kept without a request. By HTTP/1.1 it should be shorter than what the server waits for the next one.",
    ),
    key(
        "max_lifetime",
        Kind::Duration,
        Absent::Means("no bound, or what `pool` at the top says"),
        "How long after its beginning a connection takes no further request, up to a tenth earlier, so that not all end at once. What runs on it is finished.",
    ),
];
