//! What can go wrong on the harness's own side.

use std::io;
use std::path::PathBuf;

use crate::target::TargetError;

/// The harness failed; nothing is said about the target.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The run was cancelled from outside.
    #[error("cancelled")]
    Cancelled,
    /// The target has no binary to run.
    #[error("no binary")]
    NoBinary,
    /// A template or a setting of the target folder.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A file of the run could not be written.
    #[error("failed to {doing} {}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The target could not be started at all.
    #[error("failed to start {}", binary.display())]
    Spawn {
        /// The binary.
        binary: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A thread, a socket or a runtime of the harness.
    #[error("failed to {doing}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

impl DriveError {
    pub(super) fn system(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { doing, source }
    }

    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}
