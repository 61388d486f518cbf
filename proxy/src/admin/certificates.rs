//! What the status says of certificates.

use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use super::answers::time;
use crate::model::Model;
use crate::runtime::Issuance;

/// All certificates of listeners: those of the configuration, and those that are obtained.
pub(super) fn shown(model: &Model, issuance: &Issuance) -> Value {
    let mut all = Vec::new();
    let standings = issuance.standings();
    for (name, listener) in &model.listeners {
        let Some(tls) = &listener.tls else { continue };
        for certificate in &tls.certificates {
            all.push(json!({
                "listener": name.as_str(),
                "names": certificate.names.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
                "source": "configuration",
                "not_after": time(UNIX_EPOCH + certificate.validity.1),
            }));
        }
        for host in &tls.acme_hosts {
            let mut shown = json!({
                "listener": name.as_str(),
                "names": [host.as_ref()],
                "source": "acme",
                "not_after": null,
            });
            if let Some((_, standing)) = standings.iter().find(|(other, _)| other == host) {
                shown["not_after"] = standing.not_after.map(time).into();
                shown["next_order"] = time(standing.next_order).into();
                shown["error"] = json!(standing.error);
            }
            all.push(shown);
        }
    }
    all.into()
}
