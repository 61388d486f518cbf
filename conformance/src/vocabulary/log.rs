//! How the log of a target reads.

use serde::{Deserialize, Serialize};

use super::ObjectPatterns;

/// How lines of the target's log read. Regular expressions; compiled once when a target is loaded, so they are valid here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogPatterns {
    /// Where its records are: `stdout`, `stderr`, `file:NAME`. Anywhere, if none is named.
    pub sources: Vec<String>,
    /// One line that records a successful reload.
    pub applied: Option<String>,
    /// The level word on such a line, as the first group.
    pub level: Option<String>,
    /// Level words that count as informational, in any case.
    pub informational: Vec<String>,
    /// One line that records a refused configuration.
    pub rejected: Option<String>,
    /// One line that says that the file is missing or unreadable.
    pub missing: Option<String>,
    /// A line after which no sane process goes on.
    pub fatal: Option<String>,
    /// Whether the success record can be expected to name the file.
    pub names_file: bool,
    /// Lines that name what a reload changed.
    #[serde(skip_serializing_if = "ObjectPatterns::is_none")]
    pub changed: ObjectPatterns,
}

impl LogPatterns {
    /// Whether its records are looked for in a source. A fatal line speaks against a target wherever it stands.
    pub fn is_in(&self, source: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|name| name == source)
    }
}
