//! Where an upstream's connections lead.

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
