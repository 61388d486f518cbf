//! Frames of HTTP/2 (RFC 9113) by which a connection or a stream is given up.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Nanos;

/// One that a client received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// On which connection, by its number.
    pub connection: u64,
    /// When it had been read.
    pub at: Nanos,
    /// What it says.
    #[serde(flatten)]
    pub says: Says,
}

/// What such a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum Says {
    /// No stream after this one was or will be processed (section 6.8).
    GoAway {
        /// The last stream that may have been.
        last: u32,
        /// The error code.
        code: u32,
    },
    /// This stream is over (section 6.4).
    RstStream {
        /// Which.
        stream: u32,
        /// The error code.
        code: u32,
    },
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoAway { last, code } => write!(f, "GOAWAY with the last stream {last} and code {code}"),
            Self::RstStream { stream, code } => write!(f, "RST_STREAM of stream {stream} with code {code}"),
        }
    }
}
