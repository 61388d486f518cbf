//! PEM for the keys that take it, made for each run: what is committed expires.

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};

pub(crate) const CERTIFICATE: &str = "listeners[].tls.certificates[].certificate";
pub(crate) const KEY: &str = "listeners[].tls.certificates[].key";
pub(crate) const AUTHORITY: &str = "listeners[].tls.client_auth.ca";
const REVOKED: &str = "listeners[].tls.client_auth.crl";
pub(crate) const OWN_KEY: &str = "upstreams[].tls.key";
pub(crate) const OWN_CERTIFICATE: &str = "upstreams[].tls.certificate";
pub(crate) const TRUSTED: &str = "upstreams[].tls.ca";
pub(crate) const ISSUERS: &str = "acme.ca";
/// Every key that takes PEM.
pub(crate) const ALL: [&str; 8] = [
    ISSUERS,
    CERTIFICATE,
    KEY,
    AUTHORITY,
    REVOKED,
    TRUSTED,
    OWN_CERTIFICATE,
    OWN_KEY,
];

/// What stands in the files of these keys. It is made for each run: what is committed expires.
pub(crate) fn minted(path: &str) -> String {
    static MINTED: LazyLock<[String; 3]> = LazyLock::new(|| {
        let mut params = CertificateParams::new(["a.example".to_owned()]).expect("a name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let revoked = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2096, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let revoked = revoked
            .signed_by(&issuer)
            .and_then(|list| list.pem())
            .expect("a list");
        [issuer.pem(), issuer.key().serialize_pem(), revoked]
    });
    let [certificate, key, revoked] = &*MINTED;
    match path {
        KEY | OWN_KEY => key,
        REVOKED => revoked,
        _ => certificate,
    }
    .clone()
}
