//! How much is let in: rate limits, session limits, and circuit breakers.

use std::fmt;
use std::time::Duration;

use http::HeaderName;

/// What bounds the requests that are let in, of the whole proxy, of a route, or of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// How many in a time; any number if absent.
    pub rate_limit: Option<RateLimit>,
    /// How many at a time; any number if absent.
    pub sessions: Option<SessionLimit>,
}

/// How many requests are let in over time: a token bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// How fast the bucket fills.
    pub rate: Rate,
    /// How many tokens it holds, at least 1.
    pub burst: u64,
    /// Whose requests share a bucket; all of them if absent.
    pub by: Option<ClientKey>,
    /// How many clients have a bucket of their own; those for whom there is no room share some.
    pub clients: usize,
}

/// Requests in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many, at least 1.
    pub count: u64,
    /// In which time.
    pub per: RateUnit,
}

/// What a rate is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateUnit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

/// How clients are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientKey {
    /// By their address; of IPv6 by its first 64 bits.
    Address,
    /// By the value of a field. Those without it are one client.
    Header(HeaderName),
}

/// How many requests are answered at a time. One counts until the end of its answer, or of its tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimit {
    /// How many, at least 1.
    pub max: u32,
    /// How many may wait for their turn.
    pub queue: usize,
    /// How long each of these waits.
    pub queue_timeout: Duration,
}

/// When an upstream is given a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row that open it, if they are asked for.
    pub consecutive_failures: Option<u32>,
    /// The share of failures that opens it, in per cent, if it is asked for.
    pub failure_rate: Option<u8>,
    /// The time over which the share is taken.
    pub window: Duration,
    /// Requests in that time, below which there is no share.
    pub min_requests: u32,
    /// How long it stays open.
    pub open: Duration,
    /// Requests that are let through after that, all of which have to be good.
    pub probes: u32,
}

// === impl Rate ===

impl RateUnit {
    /// All of them, as a configuration says them.
    pub const ALL: [(&'static str, Self); 3] = [("s", Self::Second), ("m", Self::Minute), ("h", Self::Hour)];

    /// How long it is.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }
}

impl Rate {
    /// The whole requests of one second, and at least one.
    pub fn in_a_second(self) -> u64 {
        (self.count / self.per.seconds()).max(1)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per {
            RateUnit::Second => "s",
            RateUnit::Minute => "m",
            RateUnit::Hour => "h",
        };
        write!(f, "{}/{unit}", self.count)
    }
}

// === impl ClientKey ===

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("client_address"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

// === impl Breaker ===

impl Default for Breaker {
    fn default() -> Self {
        Self {
            consecutive_failures: Some(5),
            failure_rate: None,
            window: Duration::from_secs(10),
            min_requests: 20,
            open: Duration::from_secs(30),
            probes: 1,
        }
    }
}
