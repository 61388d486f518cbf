//! Where connections are accepted.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use super::{Name, Protocols, Tls};

/// One address that speaks HTTP, in the clear or by TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The name by which routes refer to it.
    pub name: Name,
    /// Where it listens. TCP port 0 asks the kernel for any free port, which is kept as long as the address stays configured.
    pub address: Address,
    /// Which versions of HTTP it speaks. By TLS a client chooses by ALPN (RFC 7301), in the clear by how it begins (RFC 9113 §3.3).
    pub protocols: Protocols,
    /// How it speaks TLS; in the clear if it does not.
    pub tls: Option<Tls>,
}

/// What can be listened on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A TCP address.
    Tcp(SocketAddr),
    /// The absolute path of a socket in the file system.
    Unix(Arc<Path>),
}

// === impl Address ===

impl Address {
    /// The TCP address, if it is one.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Whether it takes the connections to another one too: the same, or one of those of its family at the same port, if it is all of
    /// them. Port 0, any free one, is never that of another address.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(wide), Self::Tcp(narrow)) => {
                let is_any = |ip: IpAddr| ip.is_unspecified() && wide.is_ipv4() == narrow.is_ipv4();
                wide == narrow || (wide.port() == narrow.port() && wide.port() != 0 && is_any(wide.ip()))
            }
            _ => self == other,
        }
    }

    /// Whether the two would claim the same connections.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Address {
        Address::Tcp(text.parse().expect("an address"))
    }

    #[test]
    fn a_wildcard_covers_its_family_at_its_port() {
        assert!(tcp("0.0.0.0:80").covers(&tcp("127.0.0.1:80")));
        assert!(!tcp("127.0.0.1:80").covers(&tcp("0.0.0.0:80")));
        assert!(tcp("127.0.0.1:80").overlaps(&tcp("0.0.0.0:80")));
        assert!(!tcp("0.0.0.0:80").overlaps(&tcp("127.0.0.1:81")));
        assert!(!tcp("[::]:80").overlaps(&tcp("127.0.0.1:80")));
        assert!(!tcp("0.0.0.0:0").overlaps(&tcp("127.0.0.1:0")));
        let socket = |path: &str| Address::Unix(Arc::from(Path::new(path)));
        assert!(socket("/a").overlaps(&socket("/a")));
        assert!(!socket("/a").overlaps(&socket("/b")) && !socket("/a").overlaps(&tcp("0.0.0.0:80")));
    }
}
