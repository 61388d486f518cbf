//! Certificates that were found to be good with their keys: to check a pair anew takes longer than to read the rest of a small text.
//!
//! Law: the outcome is that of checking all.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use crate::model::{Certificate, PrivateKey};
use crate::tls::{self, Unusable};

/// Pairs by the first certificate of their chains.
type Pairs = HashMap<CertificateDer<'static>, Arc<Certificate>>;

/// Those of the document before, and those of this one so far.
#[derive(Debug, Default)]
pub(super) struct KnownPairs {
    before: Pairs,
    now: RefCell<Pairs>,
}

// === impl KnownPairs ===

impl KnownPairs {
    /// A certificate with its key; checked, unless that was done for the document before.
    pub(super) fn pair(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKey,
    ) -> Result<Arc<Certificate>, Unusable> {
        let known = chain.first().and_then(|first| self.before.get(first));
        let known = known.filter(|known| known.chain == chain && known.key == key);
        let pair = match known {
            Some(known) => Arc::clone(known),
            None => Arc::new(tls::certificate(chain, key)?),
        };
        if let Some(first) = pair.chain.first() {
            self.now.borrow_mut().insert(first.clone(), Arc::clone(&pair));
        }
        Ok(pair)
    }

    /// For the document that comes after the one that these are from.
    pub(super) fn after(before: &Self) -> Self {
        Self {
            before: before.now.take(),
            now: RefCell::default(),
        }
    }

    /// Those of this document, and no more of the one before.
    pub(super) fn seen(&self) -> Self {
        Self {
            before: Pairs::default(),
            now: RefCell::new(self.now.take()),
        }
    }
}
