//! TLS of listeners and of upstreams.

use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::MASK;
use crate::model::{Certificate, ClientAuth, Tls, UpstreamTls};

/// Certificates by their fingerprints, as of `openssl x509 -fingerprint -sha256`.
pub(super) fn listener(tls: &Tls) -> Value {
    let Tls {
        certificates,
        acme_hosts,
        min_version,
        client_auth,
    } = tls;
    let mut shown = json!({
        "certificates": certificates.iter().map(|one| pair(one)).collect::<Vec<_>>(),
        "min_version": min_version.word(),
    });
    if !acme_hosts.is_empty() {
        shown["acme_hosts"] = acme_hosts.iter().map(AsRef::as_ref).collect();
    }
    if let Some(clients) = client_auth {
        let ClientAuth {
            roots,
            revoked,
            is_required,
        } = clients.as_ref();
        shown["client_auth"] = json!({
            "ca": fingerprints(roots),
            "crl": revoked.iter().map(|list| fingerprint(list)).collect::<Vec<_>>().join(", "),
            "mode": if *is_required { "required" } else { "optional" },
        });
    }
    shown
}

fn pair(pair: &Certificate) -> Value {
    let Certificate { names, chain, .. } = pair;
    let certificate = match names.as_slice() {
        [] => fingerprints(chain),
        names => format!("{} for {}", fingerprints(chain), names.join(", ")),
    };
    json!({"certificate": certificate, "key": MASK})
}

pub(super) fn fingerprints(all: &[CertificateDer<'_>]) -> String {
    all.iter()
        .map(|one| fingerprint(one))
        .collect::<Vec<_>>()
        .join(", ")
}

fn fingerprint(der: &[u8]) -> String {
    let digest = sha2::Sha256::digest(der);
    let pairs: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("sha256:{}", pairs.join(":"))
}

pub(super) fn upstream(tls: &UpstreamTls) -> Value {
    let UpstreamTls {
        roots,
        server_name,
        certificate,
    } = tls;
    let mut shown = match certificate {
        Some(own) => pair(own),
        None => json!({}),
    };
    shown["ca"] = fingerprints(roots).into();
    if let Some(name) = server_name {
        shown["server_name"] = name.to_str().into();
    }
    shown
}
