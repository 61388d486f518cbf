//! For how long connections to an upstream are kept.

use std::time::Duration;

use super::Protocol;

/// Which connections are kept for the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Idle ones that each worker keeps to one endpoint.
    pub max_idle: u32,
    /// How long one is kept without a request; as fits the protocol if absent.
    pub idle_timeout: Option<Duration>,
    /// From its beginning until it takes no further request, up to a tenth earlier; for ever if absent.
    pub max_lifetime: Option<Duration>,
}

// === impl Pool ===

impl Default for Pool {
    fn default() -> Self {
        Self {
            max_idle: 256,
            idle_timeout: None,
            max_lifetime: None,
        }
    }
}

impl Pool {
    /// How long one is kept without a request. By HTTP/1.1 that is shorter than what common servers wait for the next one, so that it is us who close; by HTTP/2 a
    /// server says so before it closes.
    pub fn idle_timeout(&self, protocol: Protocol) -> Duration {
        self.idle_timeout.unwrap_or(match protocol {
            Protocol::Http1 => Duration::from_secs(4),
            Protocol::Http2 => Duration::from_secs(60),
        })
    }
}
