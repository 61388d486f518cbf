//! What a target is asked besides traffic, and what it answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Flaw, Generation, Nanos};

/// What a target folder says how to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Its explicit trigger: reload.
    Trigger,
    /// Its own command: would it take this file, the one that is delivered next?
    CheckCommand,
    /// What serves, and what became of the last try to change it.
    Status,
    /// Its metrics, in the text form of Prometheus.
    Metrics,
    /// Whether its admin listener answers.
    Admin,
    /// Which of its versions serves.
    Version,
    /// Its trigger over HTTP, without the credential that it asks for.
    OrderWithout,
    /// Its trigger over HTTP, with another credential than the one that it asks for.
    OrderWithWrong,
    /// Its trigger over HTTP, with the credential, at the address for traffic.
    OrderAtTraffic,
}

impl Question {
    /// What is asked by a request over HTTP, whatever the trigger is.
    pub const OVER_HTTP: [Self; 7] = [
        Self::Status,
        Self::Version,
        Self::Metrics,
        Self::Admin,
        Self::OrderWithout,
        Self::OrderWithWrong,
        Self::OrderAtTraffic,
    ];
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trigger => "the trigger",
            Self::CheckCommand => "the check command",
            Self::Status => "the status",
            Self::Metrics => "the metrics",
            Self::Admin => "the admin listener",
            Self::Version => "the version that serves",
            Self::OrderWithout => "an order without the credential",
            Self::OrderWithWrong => "an order with a wrong credential",
            Self::OrderAtTraffic => "an order at the address for traffic",
        })
    }
}

/// What an explicit trigger answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerAnswer {
    /// Sent; this trigger answers nothing.
    Sent,
    /// Accepted: exit status 0, a status 2xx, or the answer that says so.
    Accepted,
    /// Refused, with what it said.
    Refused(String),
    /// It could not be sent.
    NotSent(String),
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// When it was asked.
    pub begin: Nanos,
    /// When the answer had been read.
    pub at: Nanos,
    /// What was asked.
    pub question: Question,
    /// The generation that the harness would deliver next, or did deliver last, whatever the question is about.
    pub generation: Generation,
    /// The flaw of the file that was asked about, if it was a bad one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
    /// What came back. Of metrics, the lines of those that the target's folder names.
    pub reply: Reply,
    /// The time of day when it had been read, in milliseconds since 1970, where the answer may hold such times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u64>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The exit code of a command, or the status of a response; none if nothing came back, or what did has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// Whether that is a yes: exit code 0, a status 2xx, or the answer to a line that says so.
    pub yes: bool,
    /// What was said, cut at 64 KiB; why nothing was, if nothing came back.
    pub said: String,
}

/// What there is of a target, as far as the file system and the kernel tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// When it was over.
    pub at: Nanos,
    /// Each file below its folder and what it holds, as `path digest`; log files and files to be checked aside. Sorted.
    pub files: Vec<String>,
    /// Each socket that listens on its address or below its folder, as `address inode`. Sorted.
    pub sockets: Vec<String>,
}
