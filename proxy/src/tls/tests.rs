use rcgen::{CertificateParams, KeyPair};

use super::*;

fn minted_texts(names: &[&str]) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let params = CertificateParams::new(names).expect("names");
    let certificate = params.self_signed(&key).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

pub(super) fn minted(names: &[&str]) -> Certificate {
    let (chain, private) = minted_texts(names);
    certificate(
        certificates(&chain).expect("a certificate"),
        key(&private).expect("a key"),
    )
    .expect("a pair")
}

#[test]
fn a_pair_is_known_by_its_names() {
    let certificate = minted(&["a.example", "*.B.example"]);
    assert_eq!(*certificate.names, ["a.example".into(), "*.b.example".into()]);
    assert!(!format!("{certificate:?}").contains("secret"));
}

#[test]
fn what_does_not_belong_together_or_is_broken_is_refused() {
    let (first, first_key) = minted_texts(&["a.example"]);
    let (_, second_key) = minted_texts(&["a.example"]);
    let of = |chain: &str, private: &str| {
        let made = certificates(chain).and_then(|chain| certificate(chain, key(private)?));
        made.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(of(&first, &first_key), Ok(()));
    // One text may hold both.
    let both = format!("{first}{first_key}");
    assert_eq!(of(&both, &both), Ok(()));
    let why = |chain: &str, private: &str| of(chain, private).expect_err("a complaint");
    assert_eq!(
        why(&first, &second_key),
        "the key does not belong to the certificate"
    );
    assert_eq!(why("", &first_key), "there is no certificate in it");
    assert_eq!(why(&first, "text"), "there is no private key in it");
    assert_eq!(why(&first, &first), "there is no private key in it");
    let torn = &first[..first.len() / 2];
    assert_eq!(why(torn, &first_key), "it breaks off in the middle");
    let garbled = first.replacen('M', "-", 3);
    assert!(of(&garbled, &first_key).is_err());
}

#[test]
fn clients_can_be_asked_for_a_certificate() {
    let roots = minted(&["a.example"]).chain;
    let clients = ClientAuth {
        roots,
        revoked: Vec::new(),
        is_required: true,
    };
    assert!(verifier(&clients).expect("a verifier").client_auth_mandatory());
    let none = ClientAuth {
        roots: Vec::new(),
        ..clients
    };
    assert!(verifier(&none).is_err());
}
