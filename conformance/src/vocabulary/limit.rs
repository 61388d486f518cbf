//! Limits: how many requests a route lets through, and when it lets none.

use serde::{Deserialize, Serialize};

/// What bounds the further routes of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// [`Self::TIGHT`] requests in a minute, all of which may come at once.
    Tight,
    /// The same, of more than any case asks for: [`Self::AMPLE`].
    Ample,
    /// [`Self::SESSIONS`] requests at a time.
    Sessions,
    /// None for [`Self::OPEN_S`] seconds once [`Self::FAILURES`] in a row have failed.
    Breaker,
}

impl Limit {
    /// Requests in a minute.
    pub const TIGHT: u32 = 20;
    /// Requests in a minute.
    pub const AMPLE: u32 = 60_000;
    /// Requests at a time.
    pub const SESSIONS: u32 = 4;
    /// Failures in a row.
    pub const FAILURES: u32 = 5;
    /// Seconds.
    pub const OPEN_S: u32 = 30;

    /// How many requests it lets through in a minute, if it is of that kind.
    pub fn in_a_minute(self) -> Option<u32> {
        match self {
            Self::Tight => Some(Self::TIGHT),
            Self::Ample => Some(Self::AMPLE),
            Self::Sessions | Self::Breaker => None,
        }
    }

    /// The name as it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tight => "tight",
            Self::Ample => "ample",
            Self::Sessions => "sessions",
            Self::Breaker => "breaker",
        }
    }
}
