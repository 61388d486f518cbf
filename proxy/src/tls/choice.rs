//! Which certificate a client sees, by the name that it asks for (RFC 6066 §3).

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::issued::{ACME_TLS, Slot};

/// Certificates by the names that they are for.
///
/// A name counts before a wildcard, which stands for one label. Of several certificates for one name, such as one of each kind of key, the first
/// that the client can check is taken. A name that none is for, and no name at all, get the first of all: a client that will not have it says so.
/// A host whose certificate is still to be issued is one that none is for.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// A wildcard is kept without its `*`: `.example.org`.
    names: HashMap<Box<str>, Vec<Kept>>,
    all: Vec<Kept>,
}

/// A certificate as it is kept.
#[derive(Debug, Clone)]
enum Kept {
    Fixed(Arc<CertifiedKey>),
    /// What is issued at the time.
    Ordered(Arc<Slot>),
}

// === impl Kept ===

impl Kept {
    fn certified(&self) -> Option<Arc<CertifiedKey>> {
        match self {
            Self::Fixed(certified) => Some(Arc::clone(certified)),
            Self::Ordered(slot) => slot.certified(),
        }
    }
}

// === impl Choice ===

impl Choice {
    pub(super) fn add(&mut self, names: &[Box<str>], certified: Arc<CertifiedKey>) {
        let kept = Kept::Fixed(certified);
        for name in names {
            let name = name.strip_prefix('*').unwrap_or(name);
            self.names.entry(name.into()).or_default().push(kept.clone());
        }
        self.all.push(kept);
    }

    /// What is issued for a host, now and later.
    pub(super) fn order(&mut self, host: &str, slot: Arc<Slot>) {
        let kept = Kept::Ordered(slot);
        self.names.entry(host.into()).or_default().push(kept.clone());
        self.all.push(kept);
    }

    /// What answers a challenge for a host.
    fn answer(&self, host: &str) -> Option<Arc<CertifiedKey>> {
        let kept = self.names.get(host.to_ascii_lowercase().as_str())?;
        kept.iter().find_map(|kept| match kept {
            Kept::Fixed(_) => None,
            Kept::Ordered(slot) => slot.answer(),
        })
    }

    /// Those that may be for a name, the best first.
    fn candidates(&self, name: Option<&str>) -> impl Iterator<Item = Arc<CertifiedKey>> {
        let name = name.map(str::to_ascii_lowercase);
        let name = name.filter(|name| !name.starts_with('.'));
        let exact = name.as_deref().and_then(|name| self.names.get(name));
        let wild = name.as_deref().and_then(|name| {
            let dot = name.find('.')?;
            self.names.get(&name[dot..])
        });
        let all = exact.into_iter().chain(wild).flatten().chain(&self.all);
        all.filter_map(Kept::certified)
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some(mut spoken) = hello.alpn()
            && spoken.next() == Some(ACME_TLS)
            && spoken.next().is_none()
        {
            return hello.server_name().and_then(|host| self.answer(host));
        }
        let can_check = |certified: &Arc<CertifiedKey>| {
            let scheme = certified.key.choose_scheme(hello.signature_schemes());
            scheme.is_some()
        };
        self.candidates(hello.server_name()).find(can_check)
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
            all.iter()
                .position(|one| Arc::ptr_eq(one, &first))
                .expect("known")
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
