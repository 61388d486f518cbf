//! Where spans of reloads go, and that this program can send them there.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use super::super::{Diagnostic, Node, Path, keys};
use super::reader::{Report, Table};
use super::scalars::{duration, echo, is_host, text};
use crate::model::{Otlp, Tracing};

const SERVICE_NAME: &str = "reloadspec-proxy";
const SERVICE_NAME_CHARACTERS: usize = 128;
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn read(node: &Node, path: &Path<'_>, report: &Report) -> Option<Tracing> {
    let table = Table::read(node, path, keys::TRACING, report)?;
    Some(Tracing {
        otlp: table.with("otlp", otlp),
    })
}

fn otlp(node: &Node, path: &Path<'_>, report: &Report) -> Option<Otlp> {
    if !cfg!(feature = "otlp") {
        let message = "this program was built without the feature `otlp`, and exports no spans";
        let help = "leave `otlp` out, or build the proxy with `--features otlp`";
        report.add(Diagnostic::new("not-built", message).with_help(help).at(path));
    }
    let table = Table::read(node, path, keys::OTLP, report)?;
    let endpoint = table.required("endpoint", endpoint);
    let service_name = table.with("service_name", service_name);
    let timeout = table.with("timeout", duration);
    Some(Otlp {
        endpoint: endpoint?,
        service_name: service_name.unwrap_or_else(|| Arc::from(SERVICE_NAME)),
        timeout: timeout.unwrap_or(TIMEOUT),
    })
}

fn endpoint(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let text = text(node, path, report)?;
    if is_collector(text) {
        return Some(Arc::from(text.trim_end_matches('/')));
    }
    let message = format!("{} is no URL of a collector", echo(text, "this"));
    let help = if text.starts_with("https:") {
        "TLS is not spoken here: a collector on this machine, as in http://127.0.0.1:4318, can pass spans on"
    } else {
        "`http://`, a host, and perhaps a port and a path: http://127.0.0.1:4318"
    };
    report.add(Diagnostic::new("bad-address", message).with_help(help).at(path));
    None
}

fn is_collector(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(authority), true) = (uri.authority(), uri.scheme_str() == Some("http")) else {
        return false;
    };
    let host = authority.host();
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = bracketed.map_or_else(
        || is_host(host),
        |host| host.parse::<std::net::Ipv6Addr>().is_ok(),
    );
    let port = authority.as_str().strip_prefix(host);
    let is_port = port.is_some_and(|port| {
        port.is_empty()
            || port
                .strip_prefix(':')
                .is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port != 0))
    });
    // What stands before `@` would be a password, and a query would end up before the path that is added.
    text.starts_with("http://") && is_host && is_port && !text.contains(['@', '?', '#'])
}

fn service_name(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let text = text(node, path, report)?;
    let fits = !text.is_empty() && text.len() <= SERVICE_NAME_CHARACTERS;
    if fits && text.chars().all(|c| c.is_ascii_graphic()) {
        return Some(Arc::from(text));
    }
    let message = format!("{} is no name of a service", echo(text, "this"));
    let help = "1 to 128 visible characters of ASCII, without blanks";
    report.add(Diagnostic::new("bad-name", message).with_help(help).at(path));
    None
}
