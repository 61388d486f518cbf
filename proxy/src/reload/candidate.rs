//! Bytes that may become the configuration.

use std::fmt;
use std::path::Path;

use sha2::Digest as _;

use crate::config::Format;

/// The content of a configuration file at one moment.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// How messages call the file: its path as the user gave it.
    pub name: String,
    /// Its language.
    pub format: Format,
    /// Its content.
    pub bytes: Vec<u8>,
    /// What tells this content from any other.
    pub digest: Digest,
    /// Who asked for it.
    pub origin: Origin,
}

/// Who asked for a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The start of the proxy.
    Boot,
    /// The file changed.
    Watch,
    /// SIGHUP.
    Sighup,
    /// A call of the admin API or of the library.
    Api,
    /// A call that asks for what an earlier revision said.
    Rollback {
        /// That revision.
        to: u64,
    },
}

/// The SHA-256 of a content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

// === impl Candidate ===

impl Candidate {
    /// What a file held.
    pub fn new(path: &Path, bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self {
            name: path.display().to_string(),
            format: Format::of(path),
            bytes,
            digest,
            origin: Origin::Watch,
        }
    }

    /// The same, asked for by somebody else than the one who watches the file.
    #[must_use]
    pub fn asked_by(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}

// === impl Origin ===

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boot => "boot",
            Self::Watch => "watch",
            Self::Sighup => "sighup",
            Self::Api => "api",
            Self::Rollback { .. } => "rollback",
        })
    }
}

// === impl Digest ===

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    /// The first eight bytes: enough to compare with the head of `sha256sum`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}
