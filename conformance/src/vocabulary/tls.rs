//! Certificates: what stands in a target's files, and which one its clients were shown. A certificate is a further kind of generation.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Nanos;

/// A certificate of the run by its number, counted from 1, with the key that belongs to it. Never reused within a run of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Leaf(pub u32);

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// What is done to the files of certificate and key. Each is renamed over the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// The next certificate, and its key.
    Pair,
    /// A certificate alone: that of the key that stands there, if that is newer than the certificate, else the next.
    Certificate,
    /// A key alone: that of the certificate that stands there, if that is newer than the key, else the next.
    Key,
    /// Text that is no certificate, in the place of the certificate.
    Garbage,
    /// The next certificate, of which the second half is missing.
    Truncated,
    /// The key of another certificate, in the place of the key.
    ForeignKey,
}

impl Renewal {
    /// What is written, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pair => "a certificate with its key",
            Self::Certificate => "a certificate alone",
            Self::Key => "a key alone",
            Self::Garbage => "text that is no certificate",
            Self::Truncated => "a certificate that breaks off",
            Self::ForeignKey => "the key of another certificate",
        }
    }
}

/// One renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// When it began.
    pub begin: Nanos,
    /// When the last file stood in its place.
    pub at: Nanos,
    /// What was done.
    pub renewal: Renewal,
    /// Which certificate stands there now, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Leaf>,
    /// Of which certificate the key is that stands there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Leaf>,
}

impl Renewed {
    /// The certificate that can be served by what stands there now; none, if nothing can.
    pub fn pair(&self) -> Option<Leaf> {
        self.certificate.filter(|_| self.certificate == self.key)
    }
}

/// How a handshake ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Shaken {
    /// Well, with this certificate.
    Showed {
        /// Which.
        leaf: Leaf,
    },
    /// With a certificate that the run's authority did not give: a default one, or one that is self-signed.
    Untrusted {
        /// What the client says of it.
        detail: String,
    },
    /// In no other way: the connect was refused, the connection ended, or the two did not agree; so it is where certificate and key do not
    /// belong together.
    Failed {
        /// What the client says of it.
        detail: String,
    },
    /// No progress within the harness's time-out.
    TimedOut,
    /// The harness's own resources failed it. Never held against a target.
    Harness {
        /// What failed.
        detail: String,
    },
}

/// Who shakes hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// A client that never came before, and asks for the name that every certificate is of.
    #[default]
    New,
    /// The same, for the name that the further certificate alone is of.
    Further,
    /// One that came before, and resumes the session where it may.
    Returning,
}

impl Caller {
    /// Whether it is the usual one.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    pub fn is_new(&self) -> bool {
        *self == Self::New
    }

    /// Who it is, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::New => "who never came before",
            Self::Further => "who ask for the further name",
            Self::Returning => "who resume their session where they may",
        }
    }
}

/// A handshake on a connection that was made for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// The connection, by its number.
    pub connection: u64,
    /// When it began to be made.
    pub begin: Nanos,
    /// When the handshake was over.
    pub at: Nanos,
    /// Of whom.
    #[serde(default, skip_serializing_if = "Caller::is_new")]
    pub caller: Caller,
    /// Whether it resumed a session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// How it ended.
    #[serde(flatten)]
    pub end: Shaken,
}

impl Handshake {
    /// The certificate that it showed, if it went well.
    pub fn leaf(&self) -> Option<Leaf> {
        match self.end {
            Shaken::Showed { leaf } => Some(leaf),
            _ => None,
        }
    }
}
