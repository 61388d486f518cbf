//! How often a request is tried at an upstream, and for how long.

use std::time::Duration;

use super::Statuses;

/// What a route says of the attempts to forward its requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attempts {
    /// How long they may take.
    pub timeouts: RouteTimeouts,
    /// When there is another one; where it is absent, only after one of which nothing was sent.
    pub retry: Option<Retry>,
    /// When there is a second one beside the first; never if absent.
    pub hedge: Option<Hedge>,
}

/// How long the head of an answer may take. What follows is up to other time-outs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteTimeouts {
    /// From the head of the request, with all attempts; without a bound if absent.
    pub request: Option<Duration>,
    /// Of one attempt, from its beginning, which is mostly a connection; without a bound if absent.
    pub attempt: Option<Duration>,
}

/// When a request is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Attempts altogether, at least 1.
    pub attempts: u32,
    /// After what, in the order of [`Failing::ALL`], at least one.
    pub on: Vec<Failing>,
    /// After which answers, too.
    pub statuses: Statuses,
    /// The longest wait before the second attempt. It doubles with each that follows, and what is waited is any time below it.
    pub backoff: Duration,
    /// What it grows to.
    pub backoff_limit: Duration,
    /// How much of a request's body is kept to be sent again.
    pub buffer_bytes: u64,
}

/// How an attempt can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failing {
    /// No connection came about.
    ConnectFailure,
    /// Nothing of the request was sent, or the other side said that it did nothing with it (RFC 9113 §8.7).
    Unsent,
    /// The connection or the stream ended before the head of an answer.
    Reset,
    /// The head of an answer did not come in time.
    Timeout,
    /// The answer has one of the statuses that are retried.
    Status,
}

/// When a request gets a second attempt beside the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hedge {
    /// After how long without the head of an answer.
    pub delay: Duration,
}

/// How many retries and hedges all routes to an upstream may make together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudget {
    /// The share of the requests, in per cent.
    pub percent: u8,
    /// The time over which both are counted.
    pub window: Duration,
    /// How many there may be in that time besides the share.
    pub min_retries: u32,
}

// === impl Failing ===

impl Failing {
    /// All of them, as metrics call them. The configuration calls those by name that are no answers.
    pub const ALL: [(&'static str, Self); 5] = [
        ("connect_failure", Self::ConnectFailure),
        ("unsent", Self::Unsent),
        ("reset", Self::Reset),
        ("timeout", Self::Timeout),
        ("status", Self::Status),
    ];

    /// Those that are no answers.
    pub const NAMED: [(&'static str, Self); 4] = [Self::ALL[0], Self::ALL[1], Self::ALL[2], Self::ALL[3]];

    /// As metrics call it.
    pub fn word(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// Whether the upstream has certainly done nothing with the request.
    pub fn is_before_sending(self) -> bool {
        matches!(self, Self::ConnectFailure | Self::Unsent)
    }
}

// === impl Retry ===

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 2,
            on: vec![Failing::ConnectFailure, Failing::Unsent, Failing::Reset],
            statuses: Statuses::new(Vec::new()),
            backoff: Duration::from_millis(25),
            backoff_limit: Duration::from_millis(250),
            buffer_bytes: 0,
        }
    }
}

// === impl RetryBudget ===

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            percent: 20,
            window: Duration::from_secs(10),
            min_retries: 10,
        }
    }
}
