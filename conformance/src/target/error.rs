//! What can be wrong with a target folder, a reference to one, or a binary.

use std::path::PathBuf;

/// A target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No such name and no such folder.
    #[error("there is no target {name:?}; known are {known}, or name a folder that holds a target.toml")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such variant.
    #[error("target {target} has no variant {variant:?}; it has {known}")]
    UnknownVariant {
        /// The target.
        target: String,
        /// What was asked for.
        variant: String,
        /// What there is.
        known: String,
    },
    /// A file of the folder cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file of the folder breaks the contract. `place` is `FILE`, or `FILE:LINE:COLUMN`.
    #[error("{place}: {message}")]
    Invalid {
        /// Where.
        place: String,
        /// What.
        message: String,
    },
    /// A template does not parse or does not render.
    #[error("{target}: template {name} does not render: {message}")]
    Template {
        /// The target.
        target: String,
        /// The template, with its line.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// The binary that was asked for is not there, or is no program.
    #[error("{} is no program that can be run: {message}", path.display())]
    Binary {
        /// Where it was looked for.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

impl TargetError {
    pub(super) fn invalid(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            place: place.into(),
            message: message.into(),
        }
    }
}
