//! PEM for the keys that take it, made for each run: what is committed expires.

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};

/// The key that takes a certificate.
pub(crate) const CERTIFICATE: &str = "listeners[].tls.certificates[].certificate";
/// The key that takes a private key.
pub(crate) const KEY: &str = "listeners[].tls.certificates[].key";
/// The key that takes certificates of those who issue others.
pub(crate) const AUTHORITY: &str = "listeners[].tls.client_auth.ca";
/// The key that takes revocation lists.
pub(crate) const REVOKED: &str = "listeners[].tls.client_auth.crl";

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
        CERTIFICATE | AUTHORITY => certificate,
        KEY => key,
        REVOKED => revoked,
        _ => panic!("{path}"),
    }
    .clone()
}
