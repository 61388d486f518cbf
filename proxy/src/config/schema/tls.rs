//! TLS of a listener: certificates with their keys, and the certificates of clients.

use std::sync::Arc;

use super::super::{Diagnostic, Node, Path, keys};
use super::reader::{Report, Table};
use super::scalars::{one_of, text};
use crate::model::{Certificate, ClientAuth, Tls, TlsVersion};
use crate::tls::{self, Unusable};

/// The code of a certificate and a key that are not of one pair.
pub const KEY_MISMATCH: &str = "key-mismatch";
const PATH_HELP: &str =
    "the text itself is meant, and `${file:PATH}` stands for that of a file, which is watched";
const PAIR_HELP: &str =
    "both change in one go if a link to their folder is swapped; while they do not match, what serves stays";

/// Reads TLS, if there is any.
pub(super) fn read(listener: &Table<'_>) -> Option<Tls> {
    let path = listener.path.key("tls");
    let table = Table::read(listener.get("tls")?, &path, keys::TLS, listener.report)?;
    let mut certificates = Vec::new();
    table.each("certificates", |item, path| {
        let table = Table::read(item, path, keys::CERTIFICATE, table.report);
        certificates.extend(table.and_then(|table| certificate(&table)).map(Arc::new));
    });
    if let Some(Node::List(items)) = table.require("certificates")
        && items.is_empty()
    {
        let complaint = Diagnostic::new("no-certificates", "there is no certificate");
        table.complain(
            "certificates",
            complaint.with_help("at least one `certificate` with its `key`"),
        );
    }
    let versions = TlsVersion::ALL.map(|version| (version.word(), version));
    let min_version = table.with("min_version", one_of(&versions));
    Some(Tls {
        certificates,
        min_version: min_version.unwrap_or(TlsVersion::Tls12),
        client_auth: client_auth(&table).map(Arc::new),
    })
}

fn certificate(table: &Table<'_>) -> Option<Certificate> {
    let chain = table.required("certificate", |node, path, report| {
        pem(node, path, report, tls::certificates)
    });
    let key = table.required("key", |node, path, report| pem(node, path, report, tls::key));
    match tls::certificate(chain?, key?) {
        Ok(certificate) => Some(certificate),
        Err(error) => {
            let (code, key) = match error {
                Unusable::Mismatch => (KEY_MISMATCH, "key"),
                Unusable::Certificate(_) => ("bad-certificate", "certificate"),
                _ => ("bad-key", "key"),
            };
            let complaint = Diagnostic::new(code, error.to_string());
            table.complain(
                key,
                match code {
                    KEY_MISMATCH => complaint.with_help(PAIR_HELP),
                    _ => complaint,
                },
            );
            None
        }
    }
}

fn client_auth(table: &Table<'_>) -> Option<ClientAuth> {
    let path = table.path.key("client_auth");
    let table = Table::read(table.get("client_auth")?, &path, keys::CLIENT_AUTH, table.report)?;
    let roots = table.required("ca", |node, path, report| {
        pem(node, path, report, tls::certificates)
    });
    let revoked = table.with("crl", |node, path, report| {
        pem(node, path, report, tls::revocation_lists)
    });
    let is_required = table.with("mode", one_of(&[("required", true), ("optional", false)]));
    let clients = ClientAuth {
        roots: roots?,
        revoked: revoked.unwrap_or_default(),
        is_required: is_required.unwrap_or(true),
    };
    if let Err(error) = tls::verifier(&clients) {
        let complaint = Diagnostic::new("bad-certificate", format!("clients cannot be checked: {error}"));
        table.complain("ca", complaint);
        return None;
    }
    Some(clients)
}

/// What a text holds. The text itself is not repeated in a message.
fn pem<T>(
    node: &Node,
    path: &Path<'_>,
    report: &Report,
    read: impl FnOnce(&str) -> Result<T, Unusable>,
) -> Option<T> {
    let text = text(node, path, report)?;
    match read(text) {
        Ok(found) => Some(found),
        Err(error) => {
            let complaint = Diagnostic::new("bad-pem", error.to_string());
            report.add(complaint.with_help(PATH_HELP).at(path));
            None
        }
    }
}
