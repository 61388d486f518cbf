//! Certificates that are obtained from a certificate authority (RFC 8555).

use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;

/// How certificates are obtained for the hosts that listeners name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The URL of the authority's directory, by HTTPS.
    pub directory: Arc<str>,
    /// One of them has to have issued the certificate of the authority's server, perhaps by others between.
    pub roots: Vec<CertificateDer<'static>>,
    /// The absolute path of a folder for the account and for what is issued.
    pub storage: Arc<Path>,
    /// URLs by which the authority reaches whoever runs the proxy.
    pub contact: Vec<Arc<str>>,
    /// How it is shown that a host is the proxy's own.
    pub challenge: Challenge,
}

/// How it is shown that a host is the proxy's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// By an answer in the clear on port 80 (RFC 8555 §8.3).
    Http01,
    /// By a handshake on port 443 (RFC 8737).
    TlsAlpn01,
}

// === impl Challenge ===

impl Challenge {
    /// Every way, the default first.
    pub const ALL: [Self; 2] = [Self::TlsAlpn01, Self::Http01];

    /// As a configuration and the protocol say it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }
}
