//! What exists several times: listeners, routes, upstreams, and header edits, which belong to routes and to all of them.

use super::admission::{BREAKER, RATE_LIMIT, SESSIONS};
use super::attempts::{HEDGE, RETRY, RETRY_BUDGET, ROUTE_TIMEOUTS, TIMEOUTS};
use super::balancing::{EJECTION, HASH, HEALTH, STICKY};
use super::connections::{POOL, RESOLVE};
use super::shared::{
    ACME_HOST, BODY, CERTIFICATES_PEM, CRL_PEM, ENDPOINT_ADDRESS, FIELD, HOST, KEY_PEM, LISTEN_ADDRESS,
    LOCATION, NAME, PATH, SERVER_NAME,
};
use super::tables::{NONE, OF_ITS_KEYS, key};
use super::{Absent, Key, Kind};

/// `request_headers` and `response_headers`, at the top and of a route.
pub const HEADERS: &[Key] = &[
    key(
        "set",
        Kind::Fields,
        NONE,
        "Fields that get exactly this value, whatever they had.",
    ),
    key("remove", Kind::Texts(FIELD), NONE, "Fields that are taken away."),
];

/// `listeners`.
pub const LISTENER: &[Key] = &[
    key(
        "name",
        Kind::Text(NAME),
        Absent::Refused,
        "The name by which routes refer to it.",
    ),
    key(
        "address",
        Kind::Text(LISTEN_ADDRESS),
        Absent::Refused,
        "Where it listens.",
    ),
    key(
        "protocols",
        Kind::Words(PROTOCOLS),
        Absent::Means("both"),
        "What it speaks. By TLS, a client chooses by ALPN; in the clear, HTTP/2 is spoken to whoever begins with it. Whoever speaks what is taken away is let go.",
    ),
    key(
        "tls",
        Kind::Table(TLS),
        Absent::Means("in the clear"),
        "It speaks TLS.",
    ),
];

/// Versions of HTTP.
const PROTOCOLS: &[&str] = &["http1", "http2"];

/// `tls` of a listener.
pub const TLS: &[Key] = &[
    key(
        "certificates",
        Kind::Tables(CERTIFICATE),
        Absent::Means("none, which is refused where there are no `acme_hosts` either"),
        "What it shows, by the host that a client asks for: a name counts before a wildcard. The first is for clients that ask for no host, or for one that no other fits.",
    ),
    key(
        "acme_hosts",
        Kind::Texts(ACME_HOST),
        NONE,
        "Hosts for each of which a certificate is obtained as `acme` says. Until there is one, a client that asks for the host is shown what fits best of the others, or nothing.",
    ),
    key(
        "min_version",
        Kind::Word(&["1.2", "1.3"]),
        Absent::Default("1.2"),
        "The oldest version of TLS that is spoken.",
    ),
    key(
        "client_auth",
        Kind::Table(CLIENT_AUTH),
        Absent::Means("clients are asked for no certificate"),
        "Which clients may come, by their certificates.",
    ),
];

/// `certificates` of `tls`.
pub const CERTIFICATE: &[Key] = &[
    key(
        "certificate",
        Kind::Text(CERTIFICATES_PEM),
        Absent::Refused,
        "The certificate, and after it those that lead to its root.",
    ),
    key(
        "key",
        Kind::Text(KEY_PEM),
        Absent::Refused,
        "The private key that belongs to it.",
    ),
];

/// `client_auth` of `tls`.
pub const CLIENT_AUTH: &[Key] = &[
    key(
        "ca",
        Kind::Text(CERTIFICATES_PEM),
        Absent::Refused,
        "Certificates of those who issue the certificates of clients.",
    ),
    key(
        "crl",
        Kind::Text(CRL_PEM),
        Absent::Means("nothing is revoked"),
        "Lists of what they have revoked. An issuer without a list has revoked nothing.",
    ),
    key(
        "mode",
        Kind::Word(&["required", "optional"]),
        Absent::Default("required"),
        "Whether a client without a certificate is turned away. One with a certificate that is not good is in any case.",
    ),
];

/// `routes`.
pub const ROUTE: &[Key] = &[
    key(
        "listener",
        Kind::Text(NAME),
        Absent::Means("all listeners"),
        "Only requests that arrive at this listener.",
    ),
    key(
        "host",
        Kind::Text(HOST),
        Absent::Means("all hosts"),
        "Only requests for this host.",
    ),
    key(
        "path",
        Kind::Text(PATH),
        Absent::Means("all paths, if there is no `prefix`"),
        "Only requests for this one path.",
    ),
    key(
        "prefix",
        Kind::Text(PATH),
        Absent::Means("all paths, if there is no `path`"),
        "Only requests for this path and all below it: `/a` covers `/a` and `/a/b`, not `/ab`.",
    ),
    key(
        "upstream",
        Kind::Text(NAME),
        Absent::Means("another action: a route has one of `upstream`, `respond` and `redirect`"),
        "The upstream that requests are forwarded to.",
    ),
    key(
        "respond",
        Kind::Table(RESPOND),
        Absent::Means("another action"),
        "An answer that the proxy gives by itself.",
    ),
    key(
        "redirect",
        Kind::Table(REDIRECT),
        Absent::Means("another action"),
        "Where the client is sent.",
    ),
    key(
        "rate_limit",
        Kind::Table(RATE_LIMIT),
        Absent::Means("no bound"),
        "How many of its requests are let in over time.",
    ),
    key(
        "sessions",
        Kind::Table(SESSIONS),
        Absent::Means("no bound"),
        "How many of its requests are answered at a time.",
    ),
    key(
        "body_bytes",
        Kind::Size {
            low: 0,
            high: u64::MAX,
        },
        Absent::Means("that of `limits`"),
        "The size of a request's body, in the place of `limits.body_bytes`.",
    ),
    key(
        "timeouts",
        Kind::Table(ROUTE_TIMEOUTS),
        Absent::Means("those of the upstream alone"),
        "How long it may take until the head of an answer, whatever the upstream's own time-outs are.",
    ),
    key(
        "retry",
        Kind::Table(RETRY),
        Absent::Means("up to three endpoints are tried as long as nothing of the request was sent"),
        "When a request is sent again, mostly to another endpoint.",
    ),
    key(
        "hedge",
        Kind::Table(HEDGE),
        Absent::Means("never"),
        "A request that waits for long is sent to another endpoint, too; the first head of an answer wins, and the other attempt is cancelled.",
    ),
    key(
        "request_headers",
        Kind::Table(HEADERS),
        NONE,
        "Edits of a request on its way to the upstream.",
    ),
    key(
        "response_headers",
        Kind::Table(HEADERS),
        NONE,
        "Edits of a response on its way to the client.",
    ),
];

/// `respond` of a route.
pub const RESPOND: &[Key] = &[
    key(
        "status",
        Kind::Number { low: 200, high: 599 },
        Absent::Default("200"),
        "The status of the answer.",
    ),
    key(
        "body",
        Kind::Text(BODY),
        Absent::Default(""),
        "The whole body. With 204, 205 and 304 there is none.",
    ),
];

/// `redirect` of a route.
pub const REDIRECT: &[Key] = &[
    key(
        "status",
        Kind::Choice(&[301, 302, 303, 307, 308]),
        Absent::Default("302"),
        "302 for now, 308 for good.",
    ),
    key(
        "location",
        Kind::Text(LOCATION),
        Absent::Refused,
        "The `Location` field.",
    ),
];

/// `upstreams`.
pub const UPSTREAM: &[Key] = &[
    key(
        "name",
        Kind::Text(NAME),
        Absent::Refused,
        "The name by which routes refer to it.",
    ),
    key(
        "endpoints",
        Kind::Tables(ENDPOINT),
        Absent::Refused,
        "The servers that serve the same: at least one, and one of them with a weight.",
    ),
    key(
        "resolve",
        Kind::Table(RESOLVE),
        OF_ITS_KEYS,
        "How those that are names become addresses.",
    ),
    key(
        "protocol",
        Kind::Word(PROTOCOLS),
        Absent::Default("http1"),
        "What it is spoken to by. gRPC takes `http2`, which is spoken from the first byte on, and by TLS asked for by ALPN.",
    ),
    key(
        "timeouts",
        Kind::Table(TIMEOUTS),
        OF_ITS_KEYS,
        "How long it may take.",
    ),
    key(
        "pool",
        Kind::Table(POOL),
        Absent::Means("what `pool` at the top says"),
        "Which connections to it are kept for the next request.",
    ),
    key(
        "tls",
        Kind::Table(UPSTREAM_TLS),
        Absent::Means("in the clear"),
        "It is spoken to by TLS.",
    ),
    key(
        "rate_limit",
        Kind::Table(RATE_LIMIT),
        Absent::Means("no bound"),
        "How many requests it is given over time.",
    ),
    key(
        "sessions",
        Kind::Table(SESSIONS),
        Absent::Means("no bound"),
        "How many requests it is given at a time.",
    ),
    key(
        "breaker",
        Kind::Table(BREAKER),
        Absent::Means("none"),
        "A circuit breaker: an upstream that keeps failing is given no request for a while.",
    ),
    key(
        "retry_budget",
        Kind::Table(RETRY_BUDGET),
        OF_ITS_KEYS,
        "How many retries and hedges all routes to it may make together.",
    ),
    key(
        "balance",
        Kind::Word(&["round_robin", "least_requests", "random_of_two", "hash"]),
        Absent::Default("round_robin"),
        "Who gets a request: each in its turn, whoever has the fewest in flight, the better of two that are drawn, or always the same one for the same key. All but the last go by weight alone or by weight and load; of the last, `hash` says more.",
    ),
    key(
        "hash",
        Kind::Table(HASH),
        Absent::Means("the client's address, with the defaults of its keys, where `balance` is `hash`"),
        "By which key `hash` balances.",
    ),
    key(
        "sticky",
        Kind::Table(STICKY),
        Absent::Means("clients have no endpoint of their own"),
        "A client keeps its endpoint by a cookie, also over reloads and restarts. Where that is gone, or gets no requests, it gets another.",
    ),
    key(
        "health",
        Kind::Table(HEALTH),
        Absent::Means("all endpoints are taken for healthy"),
        "Endpoints are checked, and one that is unhealthy gets nothing but checks.",
    ),
    key(
        "ejection",
        Kind::Table(EJECTION),
        Absent::Means("never"),
        "An endpoint that fails requests gets none for a while.",
    ),
    key(
        "slow_start",
        Kind::Duration,
        Absent::Means("at once"),
        "How long it takes until an endpoint that is new to its upstream, healthy again or no longer ejected gets its whole share. With `hash`, keys stay where they are instead.",
    ),
];

/// `tls` of an upstream.
pub const UPSTREAM_TLS: &[Key] = &[
    key(
        "ca",
        Kind::Text(CERTIFICATES_PEM),
        Absent::Refused,
        "Certificates of those who may have issued that of the upstream.",
    ),
    key(
        "server_name",
        Kind::Text(SERVER_NAME),
        Absent::Means("the host of each endpoint"),
        "Whom its certificate has to be for, and whom it is asked for.",
    ),
    key(
        "certificate",
        Kind::Text(CERTIFICATES_PEM),
        Absent::Means("none"),
        "What is shown to an upstream that asks for a certificate, with those that lead to its root.",
    ),
    key(
        "key",
        Kind::Text(KEY_PEM),
        Absent::Means("none, as there is no `certificate`"),
        "The private key that belongs to it.",
    ),
];

/// `endpoints` of an upstream.
pub const ENDPOINT: &[Key] = &[
    key(
        "address",
        Kind::Text(ENDPOINT_ADDRESS),
        Absent::Refused,
        "Where it is. Each address that a name stands for is an endpoint of its own. One that is down is not invalid, nor is a name that nobody knows: it is tried again.",
    ),
    key(
        "weight",
        Kind::Number { low: 0, high: 256 },
        Absent::Default("1"),
        "Its share of the requests, or that of each address of a name. With 0 it gets none.",
    ),
];
