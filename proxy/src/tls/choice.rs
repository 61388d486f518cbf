//! Which certificate a client sees, by the name that it asks for (RFC 6066 §3).

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Certificates by the names that they are for.
///
/// A name counts before a wildcard, which stands for one label. Of several certificates for one name, such as one of each kind of key, the first
/// that the client can check is taken. A name that none is for, and no name at all, get the first of all: a client that will not have it says so.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// A wildcard is kept without its `*`: `.example.org`.
    names: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    all: Vec<Arc<CertifiedKey>>,
}

// === impl Choice ===

impl Choice {
    pub(super) fn add(&mut self, names: &[Box<str>], certified: Arc<CertifiedKey>) {
        for name in names {
            let name = name.strip_prefix('*').unwrap_or(name);
            let same = self.names.entry(name.into()).or_default();
            same.push(Arc::clone(&certified));
        }
        self.all.push(certified);
    }

    /// Those that may be for a name, the best first.
    fn candidates<'a>(&'a self, name: Option<&str>) -> impl Iterator<Item = &'a Arc<CertifiedKey>> {
        let name = name.map(str::to_ascii_lowercase);
        let name = name.filter(|name| !name.starts_with('.'));
        let exact = name.as_deref().and_then(|name| self.names.get(name));
        let wild = name.as_deref().and_then(|name| {
            let dot = name.find('.')?;
            self.names.get(&name[dot..])
        });
        exact.into_iter().chain(wild).flatten().chain(&self.all)
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let can_check = |certified: &&Arc<CertifiedKey>| {
            let scheme = certified.key.choose_scheme(hello.signature_schemes());
            scheme.is_some()
        };
        self.candidates(hello.server_name()).find(can_check).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{certified, tests::minted};

    #[test]
    fn a_name_counts_before_a_wildcard_and_nothing_gets_the_first() {
        let mut choice = Choice::default();
        let all = [["a.example"], ["*.w.example"], ["b.w.example"]].map(|names| {
            let certificate = minted(&names);
            let certified = Arc::new(certified(&certificate).expect("a pair"));
            choice.add(&certificate.names, Arc::clone(&certified));
            certified
        });
        let chosen = |name: Option<&str>| {
            let first = choice.candidates(name).next().expect("one");
            all.iter().position(|one| Arc::ptr_eq(one, first)).expect("known")
        };
        for (name, number) in [
            (Some("a.example"), 0),
            (Some("A.Example"), 0),
            (Some("c.w.example"), 1),
            (Some("b.w.example"), 2),
            // A wildcard stands for one label.
            (Some("c.c.w.example"), 0),
            (Some("w.example"), 0),
            (Some(".w.example"), 0),
            (Some("other"), 0),
            (None, 0),
        ] {
            assert_eq!(chosen(name), number, "{name:?}");
        }
    }
}
