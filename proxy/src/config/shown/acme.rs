//! How certificates are obtained.

use serde_json::{Value, json};

use super::tls::fingerprints;
use crate::model::Acme;

pub(super) fn shown(acme: &Acme) -> Value {
    let Acme {
        directory,
        roots,
        storage,
        contact,
        challenge,
    } = acme;
    json!({
        "directory": directory.as_ref(),
        "terms_of_service": "agreed",
        "ca": fingerprints(roots),
        "storage": storage.display().to_string(),
        "contact": contact.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        "challenge": challenge.word(),
    })
}
