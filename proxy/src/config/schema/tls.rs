//! TLS of a listener: certificates with their keys, and the certificates of clients.

use std::sync::Arc;

use super::super::{Diagnostic, Node, Path, keys};
use super::acme;
use super::reader::{Report, Table};
use super::scalars::{echo, one_of, text};
use crate::model::{Certificate, Challenge, ClientAuth, Protocol, Tls, TlsVersion, UpstreamTls, server_name};
use crate::tls::{self, Unusable};

/// The code of a certificate and a key that are not of one pair.
pub const KEY_MISMATCH: &str = "key-mismatch";
const PATH_HELP: &str =
    "the text itself is meant, and `${file:PATH}` stands for that of a file, which is watched";
const PAIR_HELP: &str =
    "both change in one go if a link to their folder is swapped; while they do not match, what serves stays";

/// Reads TLS, if there is any.
pub(super) fn read(listener: &Table<'_>, root: &Table<'_>) -> Option<Tls> {
    let path = listener.path.key("tls");
    let table = Table::read(listener.get("tls")?, &path, keys::TLS, listener.report)?;
    let mut certificates = Vec::new();
    table.each("certificates", |item, path| {
        let table = Table::read(item, path, keys::CERTIFICATE, table.report);
        certificates.extend(table.and_then(|table| certificate(&table)));
    });
    let mut acme_hosts = Vec::new();
    table.each("acme_hosts", |item, path| {
        acme_hosts.extend(acme::host(item, path, table.report));
    });
    let is_empty = |key| match table.get(key) {
        Some(Node::List(items)) => items.is_empty(),
        other => other.is_none(),
    };
    if is_empty("certificates") && is_empty("acme_hosts") && !table.is_mistyped {
        let complaint = Diagnostic::new("no-certificates", "there is no certificate");
        let help = "at least one `certificate` with its `key` in `certificates`, or a host in `acme_hosts`";
        table.report.add(complaint.with_help(help).at(&path));
    }
    let client_auth = client_auth(&table);
    if !acme_hosts.is_empty() {
        orderable(&table, root, client_auth.as_ref());
    }
    let versions = TlsVersion::ALL.map(|version| (version.word(), version));
    let min_version = table.with("min_version", one_of(&versions));
    Some(Tls {
        certificates,
        acme_hosts,
        min_version: min_version.unwrap_or(TlsVersion::Tls12),
        client_auth: client_auth.map(Arc::new),
    })
}

/// Complains about hosts that no certificate can be obtained for.
fn orderable(tls: &Table<'_>, root: &Table<'_>, clients: Option<&ClientAuth>) {
    let Some(acme) = root.get("acme") else {
        let complaint = Diagnostic::new("missing-key", "nothing says who issues their certificates");
        let help = "add `acme:` with the `directory` of an authority at the top of the file";
        tls.complain("acme_hosts", complaint.with_help(help));
        return;
    };
    let is_http = |(key, value): &(String, Node)| {
        let (Node::String(word) | Node::Filled(word)) = value else {
            return false;
        };
        key == "challenge" && word == Challenge::Http01.word()
    };
    let by_http = matches!(acme, Node::Table(keys) if keys.iter().any(is_http));
    if !by_http && clients.is_some_and(|clients| clients.is_required) {
        let complaint = Diagnostic::new(
            "conflict",
            "the authority has no certificate to show to this listener",
        );
        let help = "let `mode` of `client_auth` be `optional`, or `challenge` of `acme` be `http-01`";
        tls.complain("acme_hosts", complaint.with_help(help));
    }
}

/// Reads how an upstream is spoken to by TLS, if it is.
pub(super) fn read_upstream(upstream: &Table<'_>, protocol: Protocol) -> Option<UpstreamTls> {
    let path = upstream.path.key("tls");
    let table = Table::read(upstream.get("tls")?, &path, keys::UPSTREAM_TLS, upstream.report)?;
    let roots = table.required("ca", |node, path, report| {
        pem(node, path, report, tls::certificates)
    });
    let name = table.with("server_name", |node, path, report| {
        let name = text(node, path, report)?;
        let found = server_name(name);
        if found.is_none() {
            let complaint = Diagnostic::new(
                "bad-name",
                format!("{} is no name of a server", echo(name, "this")),
            );
            let help = "a name without a port, or an IP address";
            report.add(complaint.with_help(help).at(path));
        }
        found
    });
    let shows_one = table.get("certificate").is_some() || table.get("key").is_some();
    let certificate = if shows_one { certificate(&table) } else { None };
    let found = UpstreamTls {
        roots: roots?,
        server_name: name,
        certificate,
    };
    if let Err(error) = tls::client(&found, protocol) {
        let complaint = Diagnostic::new("bad-certificate", format!("nobody can be trusted by it: {error}"));
        table.complain("ca", complaint);
        return None;
    }
    Some(found)
}

/// Complains about endpoints that no certificate can be for.
pub(super) fn names(tls: &UpstreamTls, authority: &str, endpoint: &Table<'_>) {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    if tls.server_name.is_none() && server_name(host).is_none() {
        let message = format!("no certificate can be for `{host}`");
        let complaint = Diagnostic::new("bad-name", message);
        let help = "say by `server_name` of `tls` whom the certificate is for";
        endpoint.complain("address", complaint.with_help(help));
    }
}

fn certificate(table: &Table<'_>) -> Option<Arc<Certificate>> {
    let chain = table.required("certificate", |node, path, report| {
        pem(node, path, report, tls::certificates)
    });
    let key = table.required("key", |node, path, report| pem(node, path, report, tls::key));
    match table.report.pairs.pair(chain?, key?) {
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
pub(super) fn pem<T>(
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
