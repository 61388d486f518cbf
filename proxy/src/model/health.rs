//! Whether an endpoint is fit for requests: what asks it, and what is concluded from its answers to others.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Authority;

/// Checks that the proxy makes on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// What is asked.
    pub check: Check,
    /// From the beginning of one check to that of the next.
    pub interval: Duration,
    /// What one may take.
    pub timeout: Duration,
    /// Checks in a row that have to pass until an unhealthy endpoint is healthy.
    pub healthy_after: u32,
    /// Checks in a row that have to fail until a healthy endpoint is unhealthy.
    pub unhealthy_after: u32,
}

/// What an endpoint is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Whether a connection comes about, by TLS if the upstream is spoken to by TLS.
    Tcp,
    /// A request, and the status of its answer.
    Http(HttpCheck),
    /// A call of `grpc.health.v1.Health/Check`, by HTTP/2.
    Grpc(GrpcCheck),
}

/// A request that has to be answered well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCheck {
    /// What is asked for, such as `/healthz`.
    pub path: Arc<str>,
    /// Its host; that of the endpoint if there is none.
    pub host: Option<Authority>,
    /// The good answers.
    pub expect: Statuses,
}

/// A call that has to be answered by `SERVING`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcCheck {
    /// Whose health is asked for; that of the whole server if it is empty.
    pub service: Arc<str>,
    /// Its host; that of the endpoint if there is none.
    pub host: Option<Authority>,
}

/// What is concluded from the answers to requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ejection {
    /// Failures in a row after which an endpoint gets no requests for a while.
    pub after: u32,
    /// The statuses that are failures. No connection, no answer in time and an answer that breaks off before its head always are.
    pub statuses: Statuses,
    /// How long the first ejection lasts. Each that follows lasts twice as long.
    pub time: Duration,
    /// How long none lasts longer than.
    pub time_limit: Duration,
    /// How many of the endpoints may be ejected at a time, in percent.
    pub max_share: u8,
}

/// Statuses of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(Vec<RangeInclusive<u16>>);

// === impl Statuses ===

impl Statuses {
    /// Takes ranges within 100 to 599.
    pub fn new(ranges: Vec<RangeInclusive<u16>>) -> Self {
        Self(ranges)
    }

    /// Whether a status is one of them.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let shown = |range: &RangeInclusive<u16>| match (range.start(), range.end()) {
            (one, same) if one == same => one.to_string(),
            (low, high) => format!("{low}-{high}"),
        };
        f.write_str(&self.0.iter().map(shown).collect::<Vec<_>>().join(","))
    }
}
