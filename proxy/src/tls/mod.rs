//! TLS: from the texts of a configuration to what shakes hands.
//!
//! In: PEM (RFC 7468), and a listener's [`Tls`]. Out: what the model keeps of it, or what is wrong with it; and a
//! [`ServerConfig`] that chooses a certificate by the name that a client asks for. No file is read here, and no connection seen.
//!
//! The provider of the primitives is named wherever one is needed: none is that of the whole process.

mod choice;
mod issued;

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ProducesTickets, VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, InconsistentKeys, RootCertStore, ServerConfig};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use webpki::EndEntityCert;

use crate::model::{Certificate, ClientAuth, PrivateKey, Protocol, Protocols, Tls, TlsVersion, UpstreamTls};
use choice::Choice;
pub(crate) use issued::{ACME_TLS, Issued, Slot, Vault, challenge, request};

/// Why something cannot be used. The texts themselves are not repeated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// There is no such section in a text.
    #[error("there is no {0} in it")]
    Missing(&'static str),
    /// The text is no PEM.
    #[error("it is no PEM: {0}")]
    Pem(pem::Error),
    /// A section has no end.
    #[error("it breaks off in the middle")]
    Torn,
    /// The certificate cannot be read.
    #[error("the certificate cannot be used: {0}")]
    Certificate(webpki::Error),
    /// The key belongs to another certificate.
    #[error("the key does not belong to the certificate")]
    Mismatch,
    /// The key cannot be used, or a configuration is not complete.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    /// It is not for the host that it was ordered for.
    #[error("the certificate is for another host")]
    OtherHost,
    /// When it is good cannot be told.
    #[error("it cannot be told until when the certificate is good")]
    Validity,
    /// Nothing can be made of a key.
    #[error("{0}")]
    Made(#[from] rcgen::Error),
    /// Clients cannot be checked.
    #[error("{0}")]
    Clients(#[from] VerifierBuilderError),
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));
    Arc::clone(&PROVIDER)
}

/// All certificates of a text, at least one.
pub(crate) fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    sections(CertificateDer::pem_slice_iter(text.as_bytes()), "certificate")
}

/// All revocation lists of a text, at least one.
pub(crate) fn revocation_lists(text: &str) -> Result<Vec<CertificateRevocationListDer<'static>>, Unusable> {
    sections(
        CertificateRevocationListDer::pem_slice_iter(text.as_bytes()),
        "revocation list",
    )
}

fn sections<T>(
    found: impl Iterator<Item = Result<T, pem::Error>>,
    what: &'static str,
) -> Result<Vec<T>, Unusable> {
    let all = found.collect::<Result<Vec<_>, _>>().map_err(torn)?;
    if all.is_empty() {
        return Err(Unusable::Missing(what));
    }
    Ok(all)
}

/// The first private key of a text.
pub(crate) fn key(text: &str) -> Result<PrivateKey, Unusable> {
    match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
        Ok(key) => Ok(PrivateKey(key)),
        Err(pem::Error::NoItemsFound) => Err(Unusable::Missing("private key")),
        Err(error) => Err(torn(error)),
    }
}

fn torn(error: pem::Error) -> Unusable {
    match error {
        pem::Error::MissingSectionEnd { .. } => Unusable::Torn,
        error => Unusable::Pem(error),
    }
}

/// A certificate and its key, once it is known that they belong together and can be used.
pub(crate) fn certificate(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKey,
) -> Result<Certificate, Unusable> {
    let leaf = chain.first().ok_or(Unusable::Missing("certificate"))?;
    let names = EndEntityCert::try_from(leaf)
        .map_err(Unusable::Certificate)?
        .valid_dns_names()
        .map(|name| name.to_ascii_lowercase().into())
        .collect();
    let certificate = Certificate {
        names,
        validity: issued::validity(leaf)?,
        chain,
        key,
    };
    certified(&certificate)?;
    Ok(certificate)
}

fn certified(certificate: &Certificate) -> Result<CertifiedKey, Unusable> {
    let Certificate { chain, key, .. } = certificate;
    CertifiedKey::from_der(chain.clone(), key.0.clone_key(), &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Unusable::Mismatch,
        error => error.into(),
    })
}

/// Who checks clients.
pub(crate) fn verifier(clients: &ClientAuth) -> Result<Arc<dyn ClientCertVerifier>, Unusable> {
    let ClientAuth {
        roots,
        revoked,
        is_required,
    } = clients;
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone())?;
    }
    let mut builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider()).with_crls(revoked.clone());
    if !revoked.is_empty() {
        // A list says what it knows: who was issued by one without a list is let in.
        builder = builder.allow_unknown_revocation_status();
    }
    if !is_required {
        builder = builder.allow_unauthenticated();
    }
    Ok(builder.build()?)
}

/// What shakes hands with an upstream, and asks for a version of HTTP by ALPN (RFC 7301).
pub(crate) fn client(tls: &UpstreamTls, protocol: Protocol) -> Result<Arc<ClientConfig>, Unusable> {
    let UpstreamTls {
        roots,
        server_name: _,
        certificate,
    } = tls;
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone())?;
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store);
    let mut config = match certificate {
        Some(own) => builder.with_client_auth_cert(own.chain.clone(), own.key.0.clone_key())?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![protocol.alpn().to_vec()];
    Ok(Arc::new(config))
}

/// What makes tickets by which clients resume their sessions (RFC 8446 §2.2), and takes them back. Its own keys change every six hours.
pub(crate) fn tickets() -> Result<Arc<dyn ProducesTickets>, Unusable> {
    Ok(ring::Ticketer::new()?)
}

/// What shakes hands for a listener, and has clients choose among these by ALPN. There is a slot for each of its hosts.
pub(crate) fn server(
    tls: &Tls,
    slots: &[Arc<Slot>],
    protocols: Protocols,
    tickets: Arc<dyn ProducesTickets>,
) -> Result<Arc<ServerConfig>, Unusable> {
    let Tls {
        certificates,
        acme_hosts,
        min_version,
        client_auth,
    } = tls;
    let versions: &[_] = match min_version {
        TlsVersion::Tls12 => &[&TLS12, &TLS13],
        TlsVersion::Tls13 => &[&TLS13],
    };
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions)?;
    let builder = match client_auth {
        Some(clients) => builder.with_client_cert_verifier(verifier(clients)?),
        None => builder.with_no_client_auth(),
    };
    let mut choice = Choice::default();
    for certificate in certificates {
        choice.add(&certificate.names, Arc::new(certified(certificate)?));
    }
    for (host, slot) in acme_hosts.iter().zip(slots) {
        choice.order(host, Arc::clone(slot));
    }
    let mut config = builder.with_cert_resolver(Arc::new(choice));
    config.ticketer = tickets;
    config.alpn_protocols = protocols.all().map(|protocol| protocol.alpn().to_vec()).collect();
    if !slots.is_empty() {
        config.alpn_protocols.push(ACME_TLS.to_vec());
    }
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests;
