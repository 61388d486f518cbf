//! What exists once, in the order in which a configuration is best read.

use super::acme::ACME;
use super::admission::{RATE_LIMIT, SESSIONS};
use super::connections::POOL;
use super::objects::{HEADERS, LISTENER, ROUTE, UPSTREAM};
use super::shared::{ADMIN_ADDRESS, COLLECTOR, DESTINATION, FILE, INCLUDE, PREFIX, SERVICE, TOKEN};
use super::{Absent, Key, Kind};

pub(super) const fn key(name: &'static str, kind: Kind, absent: Absent, about: &'static str) -> Key {
    Key {
        name,
        kind,
        absent,
        about,
    }
}

pub(super) const NONE: Absent = Absent::Means("none");
pub(super) const OF_ITS_KEYS: Absent = Absent::Means("the defaults of its keys");

/// What is at the top.
pub const ROOT: &[Key] = &[
    key(
        "include",
        Kind::TextOrTexts(INCLUDE),
        NONE,
        "Files that are parts of this configuration. Their listeners, routes and upstreams are joined with those here; every other key stands in one file only.",
    ),
    key(
        "log",
        Kind::Table(LOG),
        OF_ITS_KEYS,
        "What is logged, how, and where.",
    ),
    key(
        "pid_file",
        Kind::Text(FILE),
        NONE,
        "A file with the number of the process, which is there while the proxy lives.",
    ),
    key(
        "workers",
        Kind::Number { low: 1, high: 256 },
        Absent::Means("one for each core"),
        "Threads that serve traffic.",
    ),
    key(
        "drain",
        Kind::Table(DRAIN),
        OF_ITS_KEYS,
        "How long what is being retired may take.",
    ),
    key(
        "limits",
        Kind::Table(LIMITS),
        OF_ITS_KEYS,
        "Bounds on what a client may ask for.",
    ),
    key(
        "rate_limit",
        Kind::Table(RATE_LIMIT),
        Absent::Means("no bound"),
        "How many of all requests that a route answers are let in over time.",
    ),
    key(
        "sessions",
        Kind::Table(SESSIONS),
        Absent::Means("no bound"),
        "How many of all requests that a route answers are answered at a time.",
    ),
    key(
        "pool",
        Kind::Table(POOL),
        OF_ITS_KEYS,
        "Which connections to upstreams are kept for the next request. An upstream may say otherwise, key by key.",
    ),
    key(
        "revisions",
        Kind::Table(REVISIONS),
        OF_ITS_KEYS,
        "What is remembered of earlier configurations.",
    ),
    key(
        "metrics",
        Kind::Table(METRICS),
        OF_ITS_KEYS,
        "How metrics are called.",
    ),
    key(
        "tracing",
        Kind::Table(TRACING),
        OF_ITS_KEYS,
        "Where spans of reloads go.",
    ),
    key(
        "probe",
        Kind::Table(PROBE),
        Absent::Means("nothing is tried"),
        "Whether the endpoints of new and changed upstreams are connected to once a configuration serves, and by `--check`. One that cannot be reached is worth a warning, and refuses nothing.",
    ),
    key(
        "admin",
        Kind::Table(ADMIN),
        Absent::Means("no admin API"),
        "Where the proxy is asked about itself, and told to reload or to roll back.",
    ),
    key(
        "acme",
        Kind::Table(ACME),
        Absent::Means("no certificate is obtained"),
        "The authority that issues certificates for the `acme_hosts` of listeners, by ACME (RFC 8555). They are ordered, stored and renewed while the proxy runs, without a reload; an authority that cannot be reached holds up nothing.",
    ),
    key(
        "request_headers",
        Kind::Table(HEADERS),
        NONE,
        "Edits of every request on its way to an upstream. A route's own edits win.",
    ),
    key(
        "response_headers",
        Kind::Table(HEADERS),
        NONE,
        "Edits of every response, the proxy's own included. A route's own edits win.",
    ),
    key(
        "listeners",
        Kind::Tables(LISTENER),
        Absent::Refused,
        "Where connections are accepted: at least one, in this file or in an included one.",
    ),
    key(
        "routes",
        Kind::Tables(ROUTE),
        NONE,
        "What is done with a request. The most specific host counts first, then the path: an exact one, then the longest prefix, segment by segment.",
    ),
    key(
        "upstreams",
        Kind::Tables(UPSTREAM),
        NONE,
        "Where requests are forwarded to.",
    ),
];

/// `log`.
pub const LOG: &[Key] = &[
    key(
        "level",
        Kind::Word(&["error", "warn", "info", "debug", "trace"]),
        Absent::Default("info"),
        "The least severe level that is written.",
    ),
    key(
        "format",
        Kind::Word(&["text", "json"]),
        Absent::Default("text"),
        "The shape of a record: for people, or one JSON object a line.",
    ),
    key(
        "destination",
        Kind::Text(DESTINATION),
        Absent::Default("stderr"),
        "Where records go. A file is opened anew on SIGUSR1.",
    ),
];

/// `drain`.
pub const DRAIN: &[Key] = &[
    key(
        "timeout",
        Kind::Duration,
        Absent::Default("10s"),
        "From the signal to stop until what still runs is cut off, and what arrived at an admin listener that was removed.",
    ),
    key(
        "listener_timeout",
        Kind::Cut,
        Absent::Means("that of `drain.timeout`"),
        "From the removal of a listener until what arrived there is cut off; its connections end with their next answer in any case.",
    ),
    key(
        "route_timeout",
        Kind::Cut,
        Absent::Default("never"),
        "From the removal of a route until the requests, streams and tunnels that it still answers are cut off.",
    ),
];

/// `limits`.
pub const LIMITS: &[Key] = &[
    key(
        "connections",
        Kind::Number {
            low: 1,
            high: 1_000_000,
        },
        Absent::Default("16384"),
        "Client connections at a time; more wait in the kernel.",
    ),
    key(
        "header_bytes",
        Kind::Size {
            low: 1024,
            high: 256 * 1024,
        },
        Absent::Default("32KiB"),
        "Names and values of a request's header fields together, and of its target.",
    ),
    key(
        "header_count",
        Kind::Number { low: 1, high: 100 },
        Absent::Default("100"),
        "Header fields of a request.",
    ),
    key(
        "header_read_timeout",
        Kind::Duration,
        Absent::Default("10s"),
        "From the first byte of a request's head until its last.",
    ),
    key(
        "idle_timeout",
        Kind::Duration,
        Absent::Default("75s"),
        "A kept connection without a request.",
    ),
    key(
        "body_read_timeout",
        Kind::Duration,
        Absent::Default("60s"),
        "Between two pieces of a request's body.",
    ),
    key(
        "send_timeout",
        Kind::Duration,
        Absent::Default("60s"),
        "An answer of which the client takes nothing. Tunnels may rest for longer.",
    ),
    key(
        "body_bytes",
        Kind::Size {
            low: 0,
            high: u64::MAX,
        },
        Absent::Means("no bound"),
        "The size of a request's body.",
    ),
];

/// `revisions`.
pub const REVISIONS: &[Key] = &[key(
    "keep",
    Kind::Number { low: 1, high: 1000 },
    Absent::Default("10"),
    "How many configurations are remembered, the one that serves among them, and as many attempts to change it.",
)];

/// `metrics`.
pub const METRICS: &[Key] = &[key(
    "prefix",
    Kind::Text(PREFIX),
    Absent::Default("gateway"),
    "The word before every name, without the `_` between.",
)];

/// `tracing`.
pub const TRACING: &[Key] = &[key(
    "otlp",
    Kind::Table(OTLP),
    Absent::Means("no span leaves the process"),
    "Send each attempt to reload, with its stages, to a collector of OpenTelemetry, as protobuf over HTTP. It takes a program that was built with the feature `otlp`, and is refused by any other. A collector that is down is worth a warning, and holds up nothing.",
)];

/// `tracing.otlp`.
pub const OTLP: &[Key] = &[
    key(
        "endpoint",
        Kind::Text(COLLECTOR),
        Absent::Refused,
        "The collector's URL, to which `/v1/traces` is added.",
    ),
    key(
        "service_name",
        Kind::Text(SERVICE),
        Absent::Default("reloadspec-proxy"),
        "How the collector calls this proxy: the `service.name` of every span.",
    ),
    key(
        "timeout",
        Kind::Duration,
        Absent::Default("10s"),
        "How long it may take to send one attempt. At a stop, what is not sent within a second is lost.",
    ),
];

/// `probe`.
pub const PROBE: &[Key] = &[key(
    "timeout",
    Kind::Duration,
    Absent::Default("1s"),
    "How long it takes altogether, at most.",
)];

/// `admin`.
pub const ADMIN: &[Key] = &[
    key(
        "address",
        Kind::Text(ADMIN_ADDRESS),
        Absent::Refused,
        "Where it is. A socket in the file system is for the proxy's own user alone.",
    ),
    key(
        "token",
        Kind::Text(TOKEN),
        Absent::Means("none, which is refused if the address can be reached from other machines"),
        "What a caller has to know. Best given as `${file:PATH}` or `${NAME}`.",
    ),
];
