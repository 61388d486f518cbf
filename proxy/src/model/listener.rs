//! Where connections are accepted.

use std::net::SocketAddr;

use super::Name;

/// One address that speaks HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The name by which routes refer to it.
    pub name: Name,
    /// The TCP address. Port 0 asks the kernel for any free port, which is kept as long as the address stays configured.
    pub address: SocketAddr,
}
