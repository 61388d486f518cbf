//! Settings that exist once.

use std::sync::Arc;

use super::super::{Diagnostic, Node, Path, Step, keys};
use super::reader::{Named, Report, Table};
use super::scalars::{duration, echo, number, one_of, size, text};
use super::{acme, admin, admission, headers, tracing};
use crate::model::{
    Cut, Drain, Limits, Listener, Log, LogDestination, LogFormat, LogLevel, Metrics, Probe, Revisions,
    Settings,
};

pub(super) fn read(root: &Table<'_>, listeners: &Named<Listener>) -> Settings {
    let default = Settings::default();
    Settings {
        log: root.with("log", log).unwrap_or_default(),
        pid_file: root.with("pid_file", file),
        workers: root
            .with("workers", number(1, 256))
            .map_or(default.workers, |workers| workers as usize),
        drain: root.with("drain", drain).unwrap_or_default(),
        limits: root.with("limits", limits).unwrap_or_default(),
        admission: admission::read(root),
        revisions: root.with("revisions", revisions).unwrap_or_default(),
        metrics: root.with("metrics", metrics).unwrap_or_default(),
        tracing: root.with("tracing", tracing::read).unwrap_or_default(),
        probe: root.with("probe", probe),
        admin: admin::read(root, listeners),
        acme: root.with("acme", acme::read),
        request_headers: root.with("request_headers", headers::request).unwrap_or_default(),
        response_headers: root
            .with("response_headers", headers::response)
            .unwrap_or_default(),
    }
}

fn log(node: &Node, path: &Path<'_>, report: &Report) -> Option<Log> {
    let table = Table::read(node, path, keys::LOG, report)?;
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    Some(Log {
        level: table.with("level", one_of(&levels)).unwrap_or_default(),
        format: table
            .with(
                "format",
                one_of(&[("text", LogFormat::Text), ("json", LogFormat::Json)]),
            )
            .unwrap_or_default(),
        destination: table.with("destination", destination).unwrap_or_default(),
    })
}

fn destination(node: &Node, path: &Path<'_>, report: &Report) -> Option<LogDestination> {
    match text(node, path, report)? {
        "stderr" => Some(LogDestination::Stderr),
        _ => file(node, path, report).map(LogDestination::File),
    }
}

/// The absolute path of a file: what it is seen from would else depend on how the proxy was started.
fn file(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<std::path::Path>> {
    let text = text(node, path, report)?;
    let whole = text.starts_with('/') && !text.ends_with('/') && !text.chars().any(char::is_control);
    if !whole {
        let message = format!("{} is no absolute path of a file", echo(text, "this"));
        let help = match path.steps().last() {
            Some(Step::Key(key)) if key == "destination" => {
                "`stderr`, or as in /var/log/reloadspec-proxy.log"
            }
            _ => "as in /run/reloadspec-proxy.pid",
        };
        report.add(Diagnostic::new("bad-path", message).with_help(help).at(path));
    }
    whole.then(|| Arc::from(std::path::Path::new(text)))
}

fn drain(node: &Node, path: &Path<'_>, report: &Report) -> Option<Drain> {
    let table = Table::read(node, path, keys::DRAIN, report)?;
    let default = Drain::default();
    let timeout = table.with("timeout", duration).unwrap_or(default.timeout);
    Some(Drain {
        timeout,
        listener_timeout: table.with("listener_timeout", cut).unwrap_or(Cut::After(timeout)),
        route_timeout: table.with("route_timeout", cut).unwrap_or(default.route_timeout),
    })
}

fn cut(node: &Node, path: &Path<'_>, report: &Report) -> Option<Cut> {
    match node {
        Node::String(text) | Node::Filled(text) if text == "never" => Some(Cut::Never),
        _ => duration(node, path, report).map(Cut::After),
    }
}

fn revisions(node: &Node, path: &Path<'_>, report: &Report) -> Option<Revisions> {
    let table = Table::read(node, path, keys::REVISIONS, report)?;
    let default = Revisions::default();
    Some(Revisions {
        keep: table
            .with("keep", number(1, 1000))
            .map_or(default.keep, |keep| keep as usize),
    })
}

fn metrics(node: &Node, path: &Path<'_>, report: &Report) -> Option<Metrics> {
    let table = Table::read(node, path, keys::METRICS, report)?;
    let default = Metrics::default();
    Some(Metrics {
        prefix: table.with("prefix", prefix).map_or(default.prefix, Arc::from),
    })
}

fn probe(node: &Node, path: &Path<'_>, report: &Report) -> Option<Probe> {
    let table = Table::read(node, path, keys::PROBE, report)?;
    let default = Probe::default();
    Some(Probe {
        timeout: table.with("timeout", duration).unwrap_or(default.timeout),
    })
}

fn prefix<'a>(node: &'a Node, path: &Path<'_>, report: &Report) -> Option<&'a str> {
    let text = text(node, path, report)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && text.len() <= 64 && text.chars().all(fits) {
        return Some(text);
    }
    let message = format!("{} is no beginning of a metric's name", echo(text, "this"));
    let help = "a letter, then letters, digits and `_`, at most 64 of them";
    report.add(Diagnostic::new("bad-name", message).with_help(help).at(path));
    None
}

fn limits(node: &Node, path: &Path<'_>, report: &Report) -> Option<Limits> {
    let table = Table::read(node, path, keys::LIMITS, report)?;
    let default = Limits::default();
    let count = |key, high, default| {
        table
            .with(key, number(1, high))
            .map_or(default, |number| number as usize)
    };
    Some(Limits {
        connections: count("connections", 1_000_000, default.connections),
        header_bytes: table
            .with("header_bytes", size(1024, 256 * 1024))
            .map_or(default.header_bytes, |bytes| bytes as usize),
        header_count: count("header_count", 100, default.header_count),
        header_read_timeout: table
            .with("header_read_timeout", duration)
            .unwrap_or(default.header_read_timeout),
        idle_timeout: table
            .with("idle_timeout", duration)
            .unwrap_or(default.idle_timeout),
        body_read_timeout: table
            .with("body_read_timeout", duration)
            .unwrap_or(default.body_read_timeout),
        send_timeout: table
            .with("send_timeout", duration)
            .unwrap_or(default.send_timeout),
        body_bytes: table.with("body_bytes", size(0, u64::MAX)),
    })
}
