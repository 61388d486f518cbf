//! Bytes that may become the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use bytes::Bytes;
use sha2::Digest as _;

use crate::config::{self, Bundle, Diagnostics, Format, Gathered, Memory, Print, Text};

/// The content of a configuration file at one moment.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// How messages call the file: its path as the user gave it.
    pub name: String,
    /// Its language.
    pub format: Format,
    /// Its content.
    pub bytes: Bytes,
    /// What tells that content from any other.
    content: Digest,
    /// The files that it includes, in their order; none if nobody has looked for them.
    pub members: Option<Vec<Member>>,
    /// The contents of files that `${file:...}` refers to, by the name that stands there.
    pub files: BTreeMap<String, Bytes>,
    /// What is worth a warning once this serves.
    pub notes: Vec<String>,
    /// What tells all these contents together from any other.
    pub digest: Digest,
    /// Who asked for it.
    pub origin: Origin,
}

/// An included file at the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// How messages call the file: its path as the folder of the main file and the include make it.
    pub name: String,
    /// Its language.
    pub format: Format,
    /// Its content.
    pub bytes: Bytes,
    digest: Digest,
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
    /// What a file held, for itself.
    pub fn new(path: &Path, bytes: impl Into<Bytes>) -> Self {
        Self::sent(path.display().to_string(), Format::of(path), bytes)
    }

    /// A content that is in no file, so that it can include none.
    pub fn sent(name: String, format: Format, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let content = Digest::of(&bytes);
        Self::known(name, format, bytes, content)
    }

    /// The same, by somebody who knows the digest of the content.
    pub(crate) fn known(name: String, format: Format, bytes: Bytes, content: Digest) -> Self {
        Self {
            name,
            format,
            digest: content,
            bytes,
            content,
            members: None,
            files: BTreeMap::new(),
            notes: Vec::new(),
            origin: Origin::Watch,
        }
    }

    /// The same with all that it refers to.
    #[must_use]
    pub fn with(self, members: Vec<Member>, files: BTreeMap<String, Bytes>, notes: Vec<String>) -> Self {
        let refers = !(members.is_empty() && files.is_empty());
        let digest = if refers {
            Digest::of_all(self.content, &members, &files)
        } else {
            self.content
        };
        Self {
            members: Some(members),
            files,
            notes,
            digest,
            ..self
        }
    }

    /// Makes one document of all its texts. `variable` knows the environment.
    pub fn gather(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Gathered<'_>, Diagnostics> {
        self.gather_by(variable, None)
    }

    /// The same, with what is known of candidates before.
    pub(super) fn gather_by(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
        memory: Option<&mut Memory>,
    ) -> Result<Gathered<'_>, Diagnostics> {
        let main = Text::new(&self.name, self.format, &self.bytes)?.printed(self.content.print());
        let members = self
            .members
            .as_ref()
            .map(|members| members.iter().map(Member::text));
        let members = members.map(Iterator::collect::<Result<Vec<_>, _>>).transpose();
        let members = members.map_err(|diagnostics| diagnostics.within(&self.name))?;
        let files = &self.files;
        config::gather(&Bundle { main, members, files }, variable, memory)
    }

    /// The same, asked for by somebody else than the one who watches the file.
    #[must_use]
    pub fn asked_by(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}

// === impl Member ===

impl Member {
    /// A content, for itself.
    pub fn new(name: String, format: Format, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        Self::known(name, format, bytes, digest)
    }

    /// The same, by somebody who knows the digest of the content.
    pub(crate) fn known(name: String, format: Format, bytes: Bytes, digest: Digest) -> Self {
        Self {
            name,
            format,
            bytes,
            digest,
        }
    }

    fn text(&self) -> Result<Text<'_>, Diagnostics> {
        let text = Text::new(&self.name, self.format, &self.bytes)?;
        Ok(text.printed(self.digest.print()))
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

    /// What tells a text of that content from others.
    pub(crate) fn print(self) -> Print {
        let mut print = Print::default();
        print.copy_from_slice(&self.0[..16]);
        print
    }

    /// The digest of a content with all that it refers to, which is something. Of texts their digests stand for them, so that each is hashed once.
    fn of_all(Self(main): Self, members: &[Member], files: &BTreeMap<String, Bytes>) -> Self {
        let mut hash = sha2::Sha256::new();
        // Lengths first, so that nothing can pass from one part to the next unseen.
        let mut part = |name: &str, bytes: &[u8]| {
            hash.update((name.len() as u64).to_be_bytes());
            hash.update(name);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part("", &main);
        for member in members {
            part(&member.name, &member.digest.0);
        }
        part("", b"");
        for (name, bytes) in files {
            part(name, bytes);
        }
        Self(hash.finalize().into())
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
