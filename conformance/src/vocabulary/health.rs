//! Upstreams whose health a target checks.

use serde::{Deserialize, Serialize};

/// How a target checks the health of its upstreams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthFacts {
    /// From one check of an upstream to the next, in milliseconds.
    pub interval_ms: u64,
    /// Within which an upstream that fails its checks gets no more requests, in milliseconds.
    pub noticed_within_ms: u64,
}

impl Default for HealthFacts {
    fn default() -> Self {
        Self {
            interval_ms: 250,
            noticed_within_ms: 3_000,
        }
    }
}
