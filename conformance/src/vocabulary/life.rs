//! What a target tells those around it of its life: the service manager, and whoever reads its PID file.

use serde::{Deserialize, Serialize};

use super::Nanos;

/// What the service manager was told, in one datagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When it was read.
    pub at: Nanos,
    /// What `CLOCK_MONOTONIC` showed then, in microseconds: the clock of the protocol, by which its times are read.
    pub clock_us: u64,
    /// What it said: assignments, one a line.
    pub message: String,
}

impl Notice {
    /// The value that it assigns to a name.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut assignments = self.message.lines().filter_map(|line| line.split_once('='));
        assignments.find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Whether it says that the target serves, from its start or again.
    pub fn is_ready(&self) -> bool {
        self.value("READY") == Some("1")
    }

    /// Whether it says that a reload begins.
    pub fn is_reloading(&self) -> bool {
        self.value("RELOADING") == Some("1")
    }

    /// The time that it says it was sent at, on the clock of the timeline: in nanoseconds, below 0 if that is before its start.
    pub fn sent_at(&self) -> Option<i128> {
        let said: u64 = self.value("MONOTONIC_USEC")?.parse().ok()?;
        Some(i128::from(self.at) + (i128::from(said) - i128::from(self.clock_us)) * 1_000)
    }
}

/// Whose number stands in a PID file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// That of the process that was started.
    Started,
    /// That of another living process of the target.
    Another,
    /// That of a living process that is none of the target.
    Stranger,
    /// Of none that lives.
    Nobody,
}

/// A look at the PID file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PidFileLook {
    /// Since when it was looked at.
    pub begin: Nanos,
    /// When it was last read.
    pub at: Nanos,
    /// What stood in it then, cut at 100 characters; none, if it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Whose number that was; none, if it was no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whose: Option<Whose>,
    /// Once the process that the file named was asked to stop: whether the one that was started had ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<bool>,
}

impl PidFileLook {
    /// Whether it names a living process of the target.
    pub fn is_true(&self) -> bool {
        matches!(self.whose, Some(Whose::Started | Whose::Another))
    }
}

/// What a target's folder says of its PID file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PidFileFacts {
    /// Whether it is documented to stay after a graceful stop.
    pub stays: bool,
}
