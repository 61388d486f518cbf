//! Single values: text, numbers, durations, sizes, addresses, names, hosts and paths.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::super::secrets::PEM;
use super::super::{Diagnostic, Node, Path, keys};
use super::reader::Report;
use crate::model::{Address, Name};

/// The kernel takes no longer path of a socket.
const UNIX_PATH_BYTES: usize = 107;

pub(super) fn text<'a>(node: &'a Node, path: &Path<'_>, report: &Report) -> Option<&'a str> {
    match node {
        Node::String(text) | Node::Filled(text) => Some(text),
        other => {
            report.wrong_type(path, "text", other);
            None
        }
    }
}

/// A whole number between two bounds.
pub(super) fn number(low: u64, high: u64) -> impl Fn(&Node, &Path<'_>, &Report) -> Option<u64> {
    move |node, path, report| {
        let Some(number) = integer(node) else {
            report.wrong_type(path, "a whole number", node);
            return None;
        };
        match u64::try_from(number) {
            Ok(number) if (low..=high).contains(&number) => Some(number),
            _ => {
                let message = format!("expected a number from {low} to {high}, found {number}");
                let help = nearest(number, low, high);
                report.add(Diagnostic::new("out-of-range", message).with_help(help).at(path));
                None
            }
        }
    }
}

/// A number as it stands, or as a reference came to.
fn integer(node: &Node) -> Option<i128> {
    match node {
        Node::Integer(number) => Some(*number),
        Node::Filled(text) => text.parse().ok(),
        _ => None,
    }
}

fn nearest(number: i128, low: u64, high: u64) -> String {
    let nearest = number.clamp(low.into(), high.into());
    format!("the nearest that is allowed is {nearest}")
}

/// A duration such as `250ms`, `10s`, `5m` or `1h`, longer than nothing.
pub(super) fn duration(node: &Node, path: &Path<'_>, report: &Report) -> Option<Duration> {
    let help = "a number and its unit: 250ms, 10s, 5m, 1h";
    let (Node::String(text) | Node::Filled(text)) = node else {
        let message = format!("expected a duration, found {}", node.kind());
        report.add(Diagnostic::new("wrong-type", message).with_help(help).at(path));
        return None;
    };
    let parsed =
        measure(text, &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]).map(Duration::from_millis);
    match parsed {
        Some(duration) if !duration.is_zero() && duration <= keys::LONGEST => Some(duration),
        Some(_) => {
            let message = format!("expected a duration from 1ms to 24h, found {text}");
            report.add(Diagnostic::new("out-of-range", message).with_help(help).at(path));
            None
        }
        None => {
            report.add(
                Diagnostic::new("wrong-type", format!("`{text}` is no duration"))
                    .with_help(help)
                    .at(path),
            );
            None
        }
    }
}

/// A size in bytes: a number, or text such as `64KiB` or `10MiB`.
pub(super) fn size(low: u64, high: u64) -> impl Fn(&Node, &Path<'_>, &Report) -> Option<u64> {
    move |node, path, report| {
        let help = "a number of bytes, or one with a unit: 512B, 64KiB, 10MiB, 1GiB";
        let units = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
        let bytes = match node {
            node if integer(node).is_some() => return number(low, high)(node, path, report),
            Node::String(text) | Node::Filled(text) => measure(text, &units),
            _ => None,
        };
        match bytes {
            Some(bytes) if (low..=high).contains(&bytes) => Some(bytes),
            Some(bytes) => {
                let message = format!("expected {low} to {high} bytes, found {bytes}");
                let help = nearest(bytes.into(), low, high);
                report.add(Diagnostic::new("out-of-range", message).with_help(help).at(path));
                None
            }
            None => {
                let message = match node {
                    Node::String(text) | Node::Filled(text) => format!("{} is no size", echo(text, "this")),
                    other => format!("expected a size, found {}", other.kind()),
                };
                report.add(Diagnostic::new("wrong-type", message).with_help(help).at(path));
                None
            }
        }
    }
}

fn measure(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// A text as a message repeats it, or `instead` if it may hold a password, as a URL does before `@`, or a key.
pub(super) fn echo(text: &str, instead: &str) -> String {
    if text.contains('@') || text.contains(PEM) {
        instead.to_owned()
    } else {
        format!("`{text}`")
    }
}

/// A name of a listener or an upstream.
pub(super) fn name(node: &Node, path: &Path<'_>, report: &Report) -> Option<Name> {
    let text = text(node, path, report)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= 128 && text.chars().all(fits) {
        return Some(Name::new(text));
    }
    let complaint = Diagnostic::new("bad-name", format!("{} is no name", echo(text, "this")));
    report.add(
        complaint
            .with_help("letters, digits, `-`, `_` and `.`, at most 128 of them")
            .at(path),
    );
    None
}

/// One of several words.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Node, &Path<'_>, &Report) -> Option<T> {
    move |node, path, report| {
        let found = text(node, path, report)?;
        let word = words.iter().find(|(word, _)| *word == found);
        if word.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let message = format!(
                "expected one of {}, found {}",
                known.join(", "),
                echo(found, "another text")
            );
            let help = "written as here, in lower case";
            report.add(Diagnostic::new("unknown-word", message).with_help(help).at(path));
        }
        word.map(|(_, value)| *value)
    }
}

/// An address to listen on.
pub(super) fn listen_address(node: &Node, path: &Path<'_>, report: &Report) -> Option<Address> {
    let examples = "127.0.0.1:8080, 0.0.0.0:80, [::1]:8080, unix:/run/web.sock";
    address(node, path, report, "no address to listen on", examples)
}

/// An address to listen on, for something in particular: what another text is told to be, and what would have been good.
pub(super) fn address(
    node: &Node,
    path: &Path<'_>,
    report: &Report,
    else_it_is: &str,
    examples: &str,
) -> Option<Address> {
    let text = text(node, path, report)?;
    let parsed = match text.strip_prefix("unix:") {
        Some(file) => unix(file),
        None => text.parse::<SocketAddr>().ok().map(Address::Tcp),
    };
    if parsed.is_none() {
        let message = format!("{} is {else_it_is}", echo(text, "this"));
        let help = format!("an IP address and a port, or the absolute path of a socket: {examples}");
        report.add(Diagnostic::new("bad-address", message).with_help(help).at(path));
    }
    parsed
}

fn unix(file: &str) -> Option<Address> {
    let whole = file.starts_with('/') && !file.ends_with('/') && file.len() <= UNIX_PATH_BYTES;
    let plain = !file.chars().any(char::is_control);
    (whole && plain).then(|| Address::Unix(Arc::from(std::path::Path::new(file))))
}

/// An address to connect to.
pub(super) fn endpoint_address(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let text = text(node, path, report)?;
    let valid = text.rsplit_once(':').is_some_and(|(host, port)| {
        let plain = port.bytes().all(|byte| byte.is_ascii_digit());
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bracketed.map_or_else(
            || is_host(host),
            |host| host.parse::<std::net::Ipv6Addr>().is_ok(),
        );
        host && plain && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    if valid {
        return Some(Arc::from(text.to_ascii_lowercase()));
    }
    let complaint = Diagnostic::new(
        "bad-address",
        format!("{} is no address of an endpoint", echo(text, "this")),
    );
    report.add(
        complaint
            .with_help("a host and a port: 127.0.0.1:9000, [::1]:9000, app.internal:9000")
            .at(path),
    );
    None
}

/// Whether a text is an IPv4 address or a DNS name.
pub(super) fn is_host(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()) {
        return true;
    }
    let label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name whose last label is a number is a mistyped address.
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253 && text.split('.').all(label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}
