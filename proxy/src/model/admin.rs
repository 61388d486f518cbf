//! Where the proxy is asked about itself, and by whom.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// The admin listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where it is.
    pub address: AdminAddress,
    /// What a caller has to know. Always there if the address can be reached from other machines.
    pub token: Option<Secret>,
}

/// Where the admin listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminAddress {
    /// A TCP address. Port 0 asks the kernel for any free port.
    Tcp(SocketAddr),
    /// The absolute path of a socket in the file system, which only the proxy's own user may use.
    Unix(Arc<Path>),
}

/// A text that nobody is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

// === impl AdminAddress ===

impl fmt::Display for AdminAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

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
