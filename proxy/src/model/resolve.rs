//! How the names of an upstream's endpoints become addresses.

use std::net::SocketAddr;
use std::time::Duration;

/// When names are looked up, and which of their addresses count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolve {
    /// From the end of one lookup to the next.
    pub every: Duration,
    /// What one may take until it counts as failed. An answer that comes later is still taken.
    pub timeout: Duration,
    /// Which addresses count where a name has some of both families.
    pub prefer: Family,
}

/// Families of IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Those of IPv4, or else all.
    #[default]
    Ipv4,
    /// Those of IPv6, or else all.
    Ipv6,
    /// All: a server that has both is then two endpoints.
    Both,
}

// === impl Resolve ===

impl Default for Resolve {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            prefer: Family::default(),
        }
    }
}

// === impl Family ===

impl Family {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ipv4, Self::Ipv6, Self::Both];

    /// As a configuration says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Both => "both",
        }
    }

    /// The addresses that count, in an order of their own and each once.
    pub fn of(self, mut all: Vec<SocketAddr>) -> Vec<SocketAddr> {
        all.sort_unstable();
        all.dedup();
        let fits = |address: &SocketAddr| match self {
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
            Self::Both => true,
        };
        if all.iter().any(fits) {
            all.retain(fits);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_both_families_counts_once_unless_it_is_to_count_twice() {
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let (old, new) = (address("127.0.0.1:1"), address("[::1]:1"));
        assert_eq!(Family::Ipv4.of(vec![new, old, old]), [old]);
        assert_eq!(Family::Ipv6.of(vec![old, new]), [new]);
        assert_eq!(Family::Both.of(vec![new, old, new]), [old, new]);
        assert_eq!(Family::Ipv4.of(vec![new]), [new]);
        assert_eq!(Family::Both.of(Vec::new()), []);
    }
}
