//! Who gets a request, and who gets none: balancing, affinity, checks and ejection.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::uri::Authority;

use super::super::{Diagnostic, Node, Path, keys};
use super::reader::{Report, Table};
use super::scalars::{duration, echo, number, one_of, text};
use crate::model::{
    Balance, Check, Ejection, GrpcCheck, Hash, HashBy, Health, HttpCheck, Protocol, SameSite, Statuses,
    Sticky,
};

pub(super) fn balance(upstream: &Table<'_>) -> Balance {
    let hash = upstream.with("hash", hash);
    let words = [
        ("round_robin", 0),
        ("least_requests", 1),
        ("random_of_two", 2),
        ("hash", 3),
    ];
    let word = upstream.with("balance", one_of(&words)).unwrap_or_default();
    if word != 3 && upstream.get("hash").is_some() {
        let complaint = Diagnostic::new("without-effect", "nothing is balanced by a hash here");
        upstream.complain(
            "hash",
            complaint.with_help("say `balance: hash`, or remove the key"),
        );
    }
    match word {
        1 => Balance::LeastRequests,
        2 => Balance::RandomOfTwo,
        3 => Balance::Hash(hash.unwrap_or_default()),
        _ => Balance::RoundRobin,
    }
}

fn hash(node: &Node, path: &Path<'_>, report: &Report) -> Option<Hash> {
    let table = Table::read(node, path, keys::HASH, report)?;
    let header = table.with("header", field);
    let cookie = table.with("cookie", cookie);
    if table.get("header").is_some() && table.get("cookie").is_some() {
        let complaint = Diagnostic::new("ambiguous", "both a header and a cookie are the key");
        table.complain("cookie", complaint.with_help("name one of them"));
    }
    let by = match (header, cookie) {
        (Some(header), _) => HashBy::Header(header),
        (None, Some(cookie)) => HashBy::Cookie(cookie),
        (None, None) => HashBy::Client,
    };
    let limit = table.with("load_limit", number(101, 10_000));
    let load_limit = limit.map_or(Hash::default().load_limit, |limit| limit as u16);
    Some(Hash { by, load_limit })
}

pub(super) fn sticky(node: &Node, path: &Path<'_>, report: &Report) -> Option<Sticky> {
    let table = Table::read(node, path, keys::STICKY, report)?;
    let words = SameSite::ALL.map(|one| (one.word(), one));
    let same_site = table.with("same_site", one_of(&words));
    Some(Sticky {
        cookie: table.required("cookie", cookie)?,
        same_site: same_site.unwrap_or(SameSite::Lax),
    })
}

pub(super) fn health(node: &Node, path: &Path<'_>, report: &Report, spoken: Protocol) -> Option<Health> {
    let table = Table::read(node, path, keys::HEALTH, report)?;
    let check = check(&table, spoken);
    let seconds = |key: &str, default| {
        let found = table.with(key, duration);
        found.unwrap_or(Duration::from_secs(default))
    };
    let count = |key: &str, default| {
        let found = table.with(key, number(1, 100));
        found.map_or(default, |count| count as u32)
    };
    Some(Health {
        check,
        interval: seconds("interval", 5),
        timeout: seconds("timeout", 2),
        healthy_after: count("healthy_after", 2),
        unhealthy_after: count("unhealthy_after", 3),
    })
}

fn check(table: &Table<'_>, spoken: Protocol) -> Check {
    let kind = table.with("type", one_of(&["http", "tcp", "grpc"].map(|word| (word, word))));
    let host = table.with("host", authority);
    let http = HttpCheck {
        path: table.with("path", target).unwrap_or_else(|| Arc::from("/")),
        host: host.clone(),
        expect: table
            .with("expect", statuses)
            .unwrap_or_else(|| Statuses::new(vec![200..=299])),
    };
    let service = table.with("service", service).unwrap_or_default();
    let (kind, check, idle) = match kind {
        Some("tcp") => ("tcp", Check::Tcp, &["path", "host", "expect", "service"][..]),
        Some("grpc") => {
            let check = Check::Grpc(GrpcCheck { service, host });
            ("grpc", check, &["path", "expect"][..])
        }
        _ => ("http", Check::Http(http), &["service"][..]),
    };
    for key in idle.iter().filter(|key| table.get(key).is_some()) {
        let message = format!("a check by `{kind}` does not ask for it");
        let complaint = Diagnostic::new("without-effect", message);
        table.complain(key, complaint.with_help("say another `type`, or remove the key"));
    }
    if kind == "grpc" && spoken == Protocol::Http1 {
        let complaint = Diagnostic::new(
            "contradiction",
            "the upstream is spoken to by HTTP/1.1, and gRPC is not",
        );
        table.complain(
            "type",
            complaint.with_help("say `protocol: http2`, as gRPC takes it"),
        );
    }
    check
}

pub(super) fn ejection(node: &Node, path: &Path<'_>, report: &Report) -> Option<Ejection> {
    let table = Table::read(node, path, keys::EJECTION, report)?;
    let after = table.with("after", number(1, 1000)).unwrap_or(5);
    let statuses = table.with("statuses", failures);
    let time = table.with("time", duration).unwrap_or(Duration::from_secs(30));
    let time_limit = table.with("time_limit", duration);
    let max_share = table.with("max_share", number(1, 100)).unwrap_or(50);
    Some(Ejection {
        after: after as u32,
        statuses: statuses.unwrap_or_else(|| Statuses::new(vec![500..=599])),
        time,
        time_limit: time_limit.unwrap_or(Duration::from_secs(300).max(time)),
        max_share: max_share as u8,
    })
}

/// A text that `parse` finds good, or a complaint that says what would have been.
fn parsed<T>(
    node: &Node,
    path: &Path<'_>,
    report: &Report,
    parse: impl FnOnce(&str) -> Option<T>,
    (code, is_not, help): (&'static str, &str, &str),
) -> Option<T> {
    let text = text(node, path, report)?;
    let found = parse(text);
    if found.is_none() {
        let complaint = Diagnostic::new(code, format!("{} is {is_not}", echo(text, "this")));
        report.add(complaint.with_help(help).at(path));
    }
    found
}

fn field(node: &Node, path: &Path<'_>, report: &Report) -> Option<HeaderName> {
    let parse = |text: &str| text.parse().ok();
    let told = ("bad-name", "no name of a field", "letters, digits and `-`");
    parsed(node, path, report, parse, told)
}

fn cookie(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let parse = |text: &str| {
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(fits);
        is_name.then(|| Arc::from(text))
    };
    let told = (
        "bad-name",
        "no name of a cookie",
        "letters, digits, `-` and `_`, at most 64 of them",
    );
    parsed(node, path, report, parse, told)
}

fn target(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let parse = |text: &str| {
        let is_plain = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
        (is_plain && text.parse::<http::Uri>().is_ok()).then(|| Arc::from(text))
    };
    let told = (
        "bad-path",
        "no path",
        "from `/` on, without blanks, the unusual as %XX",
    );
    parsed(node, path, report, parse, told)
}

fn service(node: &Node, path: &Path<'_>, report: &Report) -> Option<Arc<str>> {
    let parse = |text: &str| {
        let is_plain = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then(|| Arc::from(text))
    };
    let told = (
        "bad-name",
        "no name of a service",
        "1 to 128 visible characters of ASCII, without blanks",
    );
    parsed(node, path, report, parse, told)
}

fn authority(node: &Node, path: &Path<'_>, report: &Report) -> Option<Authority> {
    let parse = |text: &str| text.parse().ok().filter(|_| !text.contains('@'));
    let told = (
        "bad-host",
        "no host",
        "a host, perhaps with a port: app.internal, 127.0.0.1:9000",
    );
    parsed(node, path, report, parse, told)
}

fn statuses(node: &Node, path: &Path<'_>, report: &Report) -> Option<Statuses> {
    let parse = |text: &str| {
        text.split(',')
            .map(range)
            .collect::<Option<_>>()
            .map(Statuses::new)
    };
    let told = (
        "bad-status",
        "no list of statuses",
        "statuses of three digits and ranges of them: \"200-299,404\"",
    );
    parsed(node, path, report, parse, told)
}

pub(super) fn failures(node: &Node, path: &Path<'_>, report: &Report) -> Option<Statuses> {
    match node {
        Node::String(text) | Node::Filled(text) if text == "none" => Some(Statuses::new(Vec::new())),
        _ => statuses(node, path, report),
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let status = |text: &str| {
        let is_number = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        number.filter(|number| (100..600).contains(number))
    };
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (status(low)?, status(high)?);
    (low <= high).then_some(low..=high)
}
