//! How certificates are obtained.

use std::path::Path as FilePath;
use std::sync::Arc;

use http::Uri;

use super::super::{Diagnostic, Node, Path, keys};
use super::reader::{Report, Table};
use super::scalars::{echo, is_host, one_of, text};
use super::tls::pem;
use crate::model::{Acme, Challenge};
use crate::tls;

pub(super) fn read(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<Acme>> {
    let table = Table::read(node, path, keys::ACME, report)?;
    let directory = table.required("directory", directory);
    let agreed = table.required("terms_of_service", one_of(&[("agreed", ())]));
    let roots = table.required("ca", |node, path, report| {
        pem(node, path, report, tls::certificates)
    });
    let storage = table.required("storage", storage);
    let mut contacts = Vec::new();
    table.each("contact", |item, path| {
        contacts.extend(contact(item, path, table.report));
    });
    let words = Challenge::ALL.map(|challenge| (challenge.word(), challenge));
    let challenge = table.with("challenge", one_of(&words));
    agreed?;
    Some(Arc::new(Acme {
        directory: directory?,
        roots: roots?,
        storage: storage?,
        contact: contacts,
        challenge: challenge.unwrap_or(Challenge::ALL[0]),
    }))
}

fn directory(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let text = text(node, path, report)?;
    let is_directory = text.parse::<Uri>().is_ok_and(|uri| {
        let host = uri
            .host()
            .is_some_and(|host| is_host(host) || host.starts_with('['));
        uri.scheme_str() == Some("https") && host && uri.query().is_none() && !text.contains(['@', '#'])
    });
    if is_directory {
        return Some(Arc::from(text));
    }
    let message = format!("{} is no URL of a directory", echo(text, "this"));
    let help =
        "`https://`, a host, and perhaps a port and a path: https://acme-v02.api.letsencrypt.org/directory";
    report.add(Diagnostic::new("bad-address", message).with_help(help).at(path));
    None
}

fn storage(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<FilePath>> {
    let text = text(node, path, report)?;
    if text.starts_with('/') && !text.chars().any(char::is_control) {
        return Some(Arc::from(FilePath::new(text)));
    }
    let message = format!("{} is no absolute path of a folder", echo(text, "this"));
    let help = "as in /var/lib/reloadspec-proxy/acme";
    report.add(Diagnostic::new("bad-path", message).with_help(help).at(path));
    None
}

fn contact(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let text = text(node, path, report)?;
    let address = text
        .strip_prefix("mailto:")
        .and_then(|address| address.split_once('@'));
    let fits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic());
    if address.is_some_and(|(user, host)| fits(user) && fits(host)) {
        return Some(Arc::from(text));
    }
    let message = format!("{} reaches nobody", echo(text, "this"));
    let help = "as in mailto:ops@example.org";
    report.add(Diagnostic::new("bad-address", message).with_help(help).at(path));
    None
}

/// A host that an authority issues a certificate for.
pub(super) fn host(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let text = text(node, path, report)?;
    if is_host(text) && text.parse::<std::net::IpAddr>().is_err() {
        return Some(Arc::from(text.to_ascii_lowercase()));
    }
    let message = format!("no certificate is obtained for {}", echo(text, "this"));
    let help = "a name without a port, as in www.example.org; a wildcard and an address take a certificate of your own";
    report.add(Diagnostic::new("bad-name", message).with_help(help).at(path));
    None
}
