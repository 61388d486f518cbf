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
        }
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
