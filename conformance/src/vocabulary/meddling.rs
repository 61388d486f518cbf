//! Meddling: what is done to the config file besides the delivery of another generation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is done to the config file besides the delivery of another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meddling {
    /// The newest good content is delivered once more, in the usual way.
    Rewritten,
    /// The newest good content is delivered once more, with a line of comment before it.
    Commented,
    /// It gets the time of now for that of its last change, and keeps its content.
    Touched,
    /// It is renamed to a name beside it.
    MovedAway,
    /// What was renamed so is renamed back.
    MovedBack,
    /// Nobody may read it any more, until the next delivery.
    Unreadable,
    /// A folder stands in its place, until the next delivery.
    Folder,
    /// A named pipe that nobody writes to stands in its place, until the next delivery.
    Pipe,
}

impl Meddling {
    /// The name as it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rewritten => "rewritten",
            Self::Commented => "commented",
            Self::Touched => "touched",
            Self::MovedAway => "moved_away",
            Self::MovedBack => "moved_back",
            Self::Unreadable => "unreadable",
            Self::Folder => "folder",
            Self::Pipe => "pipe",
        }
    }

    /// Whether there is nothing to read thereafter.
    #[must_use]
    pub fn is_in_the_way(self) -> bool {
        match self {
            Self::MovedAway | Self::Unreadable | Self::Folder | Self::Pipe => true,
            Self::Rewritten | Self::Commented | Self::Touched | Self::MovedBack => false,
        }
    }
}

impl fmt::Display for Meddling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
