//! Where requests are forwarded to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{
    Admission, Balance, Breaker, Ejection, Health, Name, Pool, Protocol, Resolve, RetryBudget, Sticky,
    UpstreamTls,
};

/// A group of endpoints that serve the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The name by which routes refer to it.
    pub name: Name,
    /// At least one; at least one of them has a weight.
    pub endpoints: Vec<Endpoint>,
    /// How those that are names become addresses.
    pub resolve: Resolve,
    /// How long it may take.
    pub timeouts: Timeouts,
    /// Which connections are kept.
    pub pool: Pool,
    /// Which version of HTTP it is spoken to by.
    pub protocol: Protocol,
    /// How it is spoken to by TLS; in the clear if it is not.
    pub tls: Option<Arc<UpstreamTls>>,
    /// How many requests it is given.
    pub admission: Admission,
    /// When it is given a rest; never if absent.
    pub breaker: Option<Breaker>,
    /// How many retries it bears.
    pub retry_budget: RetryBudget,
    /// Who gets a request.
    pub balance: Balance,
    /// What keeps a client with its endpoint.
    pub sticky: Option<Sticky>,
    /// What its endpoints are asked; nothing if all are taken for healthy.
    pub health: Option<Health>,
    /// When those that fail are left alone for a while; never if there is nothing.
    pub ejection: Option<Ejection>,
    /// How long it takes until an endpoint that is new, or is back, gets its whole share.
    pub slow_start: Option<Duration>,
}

/// One server, or all that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `host:port`; the host is an IP address (IPv6 in brackets) or a name, each address of which is an endpoint.
    pub authority: Arc<str>,
    /// The share of the requests of each of them, 0 to 256. With 0 it gets none.
    pub weight: u16,
}

/// How long an upstream may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// From the last byte of the request that could be sent until the head of the response.
    pub response: Duration,
    /// Between two pieces of the response's body.
    pub idle: Duration,
}

// === impl Endpoint ===

impl Endpoint {
    /// Its address; nothing if it is a name.
    pub fn address(&self) -> Option<SocketAddr> {
        self.authority.parse().ok()
    }
}

// === impl Timeouts ===

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            response: Duration::from_secs(60),
            idle: Duration::from_secs(300),
        }
    }
}
