//! TLS of a listener: who it says it is, and who may come.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName};

/// What a listener that speaks TLS needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The first is for clients that name no host, or one that no other fits.
    pub certificates: Vec<Arc<Certificate>>,
    /// Names of hosts, in lower case, for each of which a certificate is obtained by ACME. At least one, if there is no certificate.
    pub acme_hosts: Vec<Arc<str>>,
    /// What clients have to speak at least.
    pub min_version: TlsVersion,
    /// Whether clients are asked for a certificate.
    pub client_auth: Option<Arc<ClientAuth>>,
}

/// A certificate with all that leads to its root, and the key that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The hosts that it is for, in lower case: names, and `*.` and a name.
    pub names: Vec<Box<str>>,
    /// That of the server first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Belongs to the first of the chain.
    pub key: PrivateKey,
    /// From when until when the first of the chain is good, since 1970.
    pub validity: (Duration, Duration),
}

/// A private key, which is never shown.
#[derive(PartialEq, Eq)]
pub struct PrivateKey(pub PrivateKeyDer<'static>);

/// How an upstream is spoken to by TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamTls {
    /// One of them has to have issued the upstream's certificate, perhaps by others between.
    pub roots: Vec<CertificateDer<'static>>,
    /// Whom the certificate has to be for; if absent, the host of the endpoint.
    pub server_name: Option<ServerName<'static>>,
    /// What is shown to an upstream that asks for it.
    pub certificate: Option<Arc<Certificate>>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// 1.2 (RFC 5246).
    Tls12,
    /// 1.3 (RFC 8446).
    Tls13,
}

/// Which clients may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAuth {
    /// One of them has to have issued the client's certificate, perhaps by others between.
    pub roots: Vec<CertificateDer<'static>>,
    /// What they have revoked since.
    pub revoked: Vec<CertificateRevocationListDer<'static>>,
    /// Whether a client without a certificate is turned away.
    pub is_required: bool,
}

/// Whom a certificate has to be for, by a host: a name, or an IP address, of IPv6 in brackets or without.
pub fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    ServerName::try_from(bare.unwrap_or(host).to_owned()).ok()
}

// === impl PrivateKey ===

impl Clone for PrivateKey {
    fn clone(&self) -> Self {
        Self(self.0.clone_key())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

// === impl TlsVersion ===

impl TlsVersion {
    /// Every version that can be asked for, the oldest first.
    pub const ALL: [Self; 2] = [Self::Tls12, Self::Tls13];

    /// As a configuration says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}
