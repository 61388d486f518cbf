//! A request, as the client saw it: where it was made, and how it ended.

use serde::{Deserialize, Serialize};

use super::{Generation, Held, Listener, Markers, Nanos};

/// Why a request was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To see which generation serves.
    Probe,
    /// Part of a load.
    Load,
    /// Part of a load of requests that nobody may simply make again.
    Post,
    /// Part of a load that asks at a constant rate, whether answers come or not.
    Steady,
    /// Part of a session, by its number.
    Session(u64),
    /// Held open over a change.
    Held(Held),
}

/// How far a request had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The connection was being made.
    Connect,
    /// Connected; no byte of the answer had come.
    Head,
    /// The answer had begun.
    Body,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// A whole, well-formed answer.
    Answered {
        /// The status code.
        status: u16,
        /// What it told.
        #[serde(default)]
        markers: Markers,
        /// Whether its body (or, for an upload, the body that the origin received) was what it had to be, byte for byte.
        intact: bool,
        /// Whether it announced the end of its connection.
        #[serde(default, skip_serializing_if = "is_false")]
        closes: bool,
    },
    /// Nobody listened.
    Refused,
    /// The connection was reset.
    Reset {
        /// When.
        phase: Phase,
    },
    /// The connection ended.
    Ended {
        /// When.
        phase: Phase,
    },
    /// No progress within the harness's time-out.
    TimedOut {
        /// When.
        phase: Phase,
    },
    /// The answer broke HTTP, or what was agreed upon to be spoken thereafter.
    Malformed {
        /// What the client says of it.
        detail: String,
    },
    /// The connection was found closed before the request was sent; nothing was asked, so nothing was lost.
    NotSent,
    /// The target said that it does not process it, and that it may be sent again: by REFUSED_STREAM, or by a GOAWAY whose last stream is
    /// one before it (RFC 9113, section 8.7).
    Unprocessed,
    /// The harness's own resources failed it (descriptors, ports). Never held against a target.
    Harness {
        /// What failed.
        detail: String,
    },
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(value: &u8) -> bool {
    *value == 0
}

/// One request and its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Unique in the run; travels to the origin in `x-request`.
    pub id: u64,
    /// Why it was made.
    pub purpose: Purpose,
    /// Where it was made.
    #[serde(default, skip_serializing_if = "Listener::is_first")]
    pub listener: Listener,
    /// The number of the route whose paths it asked for; 0 for the route for all paths.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub route: u8,
    /// The connection that it went over.
    pub connection: u64,
    /// When that connection began to be made.
    pub connect: Nanos,
    /// How many requests that connection had carried before.
    pub nth: u32,
    /// Its stream, where it was sent by HTTP/2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// When the request began to be sent; on a fresh connection, when `connect` began; in a load at a constant rate, when it was its turn.
    pub begin: Nanos,
    /// When the first byte of the answer was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<Nanos>,
    /// When it was over.
    pub at: Nanos,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Request {
    /// Whether it was made at the first listener, for the route for all paths: what every configuration has.
    pub fn is_plain(&self) -> bool {
        self.listener.is_first() && self.route == 0
    }

    /// Whether its connection was made for it.
    pub fn is_fresh(&self) -> bool {
        self.nth == 0
    }

    /// The generation that the proxy's stamp on the answer names.
    pub fn generation(&self) -> Option<Generation> {
        match &self.outcome {
            Outcome::Answered { markers, .. } => markers.generation(),
            _ => None,
        }
    }
}
