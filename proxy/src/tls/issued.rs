//! Certificates that an authority issues while the proxy runs (RFC 8555): they are state, and no part of a configuration.
//!
//! Each host has one slot, kept by the authority's directory and the host, so that what was issued outlives every reload; whoever shakes hands
//! looks into it each time. It is written by nobody but the one who orders.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateDer;
use x509_cert::Certificate as X509;
use x509_cert::der::Decode as _;

use super::{Unusable, certificate, certificates, certified, key};
use crate::model::PrivateKey;

/// What is spoken by ALPN to be shown the answer to a challenge, and nothing after it (RFC 8737 §4).
pub(crate) const ACME_TLS: &[u8] = b"acme-tls/1";

/// All slots that somebody uses.
#[derive(Debug, Default)]
pub(crate) struct Vault(Mutex<HashMap<Key, Weak<Slot>>>);

/// The authority's directory, and the host.
type Key = (Arc<str>, Box<str>);

/// What there is for one host.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    issued: ArcSwapOption<Issued>,
    /// What is shown to the authority while it asks.
    challenge: ArcSwapOption<CertifiedKey>,
}

/// A certificate that was issued, with its key.
pub(crate) struct Issued {
    /// Both in PEM, as they are stored.
    pub(crate) pem: String,
    /// From when until when it is good, since 1970.
    pub(crate) validity: (Duration, Duration),
    certified: Arc<CertifiedKey>,
}

// === impl Vault ===

impl Vault {
    /// The slot of a host, the same one as long as anybody uses it.
    pub(crate) fn slot(&self, directory: &Arc<str>, host: &str) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| slot.strong_count() > 0);
        let slot = slots.entry((Arc::clone(directory), host.into())).or_default();
        slot.upgrade().unwrap_or_else(|| {
            let made = Arc::default();
            *slot = Arc::downgrade(&made);
            made
        })
    }
}

// === impl Slot ===

impl Slot {
    /// What was issued last.
    pub(crate) fn issued(&self) -> Option<Arc<Issued>> {
        self.issued.load_full()
    }

    /// Shows this from the next handshake on.
    pub(crate) fn put(&self, issued: Arc<Issued>) {
        self.issued.store(Some(issued));
    }

    /// The same where nothing was issued yet.
    pub(crate) fn put_first(&self, issued: Arc<Issued>) {
        self.issued.compare_and_swap(&None::<Arc<Issued>>, Some(issued));
    }

    /// Answers a challenge, or stops doing so.
    pub(crate) fn challenge(&self, answer: Option<Arc<CertifiedKey>>) {
        self.challenge.store(answer);
    }

    pub(super) fn certified(&self) -> Option<Arc<CertifiedKey>> {
        self.issued
            .load()
            .as_ref()
            .map(|issued| Arc::clone(&issued.certified))
    }

    pub(super) fn answer(&self) -> Option<Arc<CertifiedKey>> {
        self.challenge.load_full()
    }
}

// === impl Issued ===

impl Issued {
    /// What `pem` holds: the key, the certificate, and those that lead to its root. It has to be for `host`.
    pub(crate) fn read(pem: String, host: &str) -> Result<Self, Unusable> {
        let found = certificate(certificates(&pem)?, key(&pem)?)?;
        if !found.names.iter().any(|name| **name == *host) {
            return Err(Unusable::OtherHost);
        }
        Ok(Self {
            validity: found.validity,
            certified: Arc::new(certified(&found)?),
            pem,
        })
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { validity, .. } = self;
        f.debug_struct("Issued")
            .field("validity", validity)
            .finish_non_exhaustive()
    }
}

/// From when until when a certificate is good, since 1970 (RFC 5280 §4.1.2.5).
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Result<(Duration, Duration), Unusable> {
    let certificate = X509::from_der(certificate).map_err(|_| Unusable::Validity)?;
    let validity = certificate.tbs_certificate().validity();
    Ok((
        validity.not_before.to_unix_duration(),
        validity.not_after.to_unix_duration(),
    ))
}

/// What is shown for a host to answer a challenge, given the SHA-256 of its key authorization (RFC 8737 §3).
pub(crate) fn challenge(host: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, Unusable> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([host.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let chain = vec![params.self_signed(&key)?.der().clone()];
    let key = PrivateKey(key.into());
    // What it says of itself in a critical extension is for the authority alone: nobody else here looks at it.
    let certified = CertifiedKey::new(chain, super::provider().key_provider.load_private_key(key.0)?);
    Ok(Arc::new(certified))
}

/// A key, and the request for a certificate of a host that goes with it (PKCS #10): the key in PEM, the request in DER.
pub(crate) fn request(host: &str) -> Result<(String, Vec<u8>), Unusable> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([host.to_owned()])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    let request = params.serialize_request(&key)?;
    Ok((key.serialize_pem(), request.der().to_vec()))
}
