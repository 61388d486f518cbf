//! Where the proxy is asked about itself, and by whom.

use std::fmt;
use std::sync::Arc;

use super::Address;

/// The admin listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where it is. Only the proxy's own user may use a socket in the file system.
    pub address: Address,
    /// What a caller has to know. Always there if the address can be reached from other machines.
    pub token: Option<Secret>,
}

/// A text that nobody is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

// === impl Secret ===

impl Secret {
    /// Takes a text.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text, to compare it or to send it to where it belongs.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
