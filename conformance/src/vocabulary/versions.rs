//! Versions: what a target calls the configurations that it served, and orders to serve an earlier one again.

use serde::{Deserialize, Serialize};

use super::{Generation, Nanos, Reply};

/// Where a target says which of its versions serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionReadings {
    /// The place of its name: a JSON pointer where it begins with `/`, else a regular expression whose first group it is.
    pub active: String,
    /// Whether that is asked where the status is, so that the answer has what a status has.
    #[serde(default)]
    pub in_status: bool,
}

/// An order to serve an earlier version again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// When it was given.
    pub begin: Nanos,
    /// When it had been answered.
    pub at: Nanos,
    /// The version that was asked for.
    pub version: String,
    /// The generation that it stands for; none, if there never was such a version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<Generation>,
    /// What came back.
    pub reply: Reply,
}

impl Rollback {
    /// Whether the answer says that it is done. 202 says that it will be (RFC 9110, section 15.3.3).
    pub fn acknowledges(&self) -> bool {
        self.reply.yes && self.reply.code != Some(202)
    }
}
