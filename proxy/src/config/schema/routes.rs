//! Routes: what they match, where they lead, and that no two of them match the same.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use super::super::{Diagnostic, Item, Node, Path, Step, keys};
use super::known::KnownRoutes;
use super::reader::{Named, Report, Table};
use super::scalars::{echo, is_host, name, number, size, text};
use super::{admission, attempts, headers};
use crate::model::{Action, HostMatch, Listener, PathMatch, Route, RouteKey, Routes, Upstream};

pub(super) fn read(
    root: &Table<'_>,
    listeners: &Named<Listener>,
    upstreams: &Named<Upstream>,
    known: Option<&mut KnownRoutes>,
) -> Routes {
    let (Some(known), Some(Node::List(items))) = (known, root.get("routes")) else {
        return all(root, listeners, upstreams);
    };
    let named = (listeners, upstreams);
    let next = known.next(items, &root.path.key("routes"), named);
    let routes = next.unwrap_or_else(|| all(root, listeners, upstreams));
    // A report that is full does not tell whether there was more to complain about.
    if root.report.is_empty() {
        known.learn(items, named, &routes);
    }
    routes
}

fn all(root: &Table<'_>, listeners: &Named<Listener>, upstreams: &Named<Upstream>) -> Routes {
    let mut routes = Routes::default();
    root.each("routes", |item, path| {
        let route = one(item, path, listeners, upstreams, root.report);
        if let Some(other) = route.and_then(|route| routes.insert(route)) {
            let message = format!("another route matches the same: `{}`", other.key);
            let complaint = Diagnostic::new("duplicate", message);
            let complaint = match first(root, listeners, &other.key) {
                Some(path) => complaint.and_also(path),
                None => complaint,
            };
            root.report.add(
                complaint
                    .with_help("a route is known by its listener, host and path")
                    .at(path),
            );
        }
    });
    routes
}

/// One route by itself.
pub(super) fn one(
    item: &Node,
    path: &Path<'_>,
    listeners: &Named<Listener>,
    upstreams: &Named<Upstream>,
    report: &Report,
) -> Option<Arc<Route>> {
    let table = Table::read(item, path, keys::ROUTE, report)?;
    let key = key(&table, listeners);
    let action = action(&table, upstreams);
    let request_headers = table
        .with("request_headers", headers::request)
        .unwrap_or_default();
    let response_headers = table
        .with("response_headers", headers::response)
        .unwrap_or_default();
    let admission = admission::read(&table);
    let body_bytes = table.with("body_bytes", size(0, u64::MAX));
    let attempts = attempts::read(&table, action.as_ref());
    let (key, action) = (key?, action?);
    if table.is_mistyped {
        return None;
    }
    Some(Arc::new(Route {
        key,
        action,
        admission,
        body_bytes,
        attempts,
        request_headers,
        response_headers,
    }))
}

/// What a route is known by.
pub(super) fn key_of(
    item: &Node,
    path: &Path<'_>,
    listeners: &Named<Listener>,
    report: &Report,
) -> Option<RouteKey> {
    let table = Table::read(item, path, keys::ROUTE, report)?;
    key(&table, listeners)
}

/// Where the first route of a key stands.
fn first(root: &Table<'_>, listeners: &Named<Listener>, wanted: &RouteKey) -> Option<Vec<Step>> {
    let Some(Node::List(items)) = root.get("routes") else {
        return None;
    };
    let said = Report::default();
    let path = root.path.key("routes");
    let is_wanted = |(index, item): &(usize, &Item)| {
        key_of(item, &path.item(*index), listeners, &said).as_ref() == Some(wanted)
    };
    let (index, _) = items.iter().enumerate().find(is_wanted)?;
    Some(path.item(index).steps())
}

fn key(table: &Table<'_>, listeners: &Named<Listener>) -> Option<RouteKey> {
    let listener = match table.get("listener") {
        None => None,
        Some(_) => Some(listeners.resolve("listener", table.with("listener", name)?, "listener", table)?),
    };
    let host = match table.get("host") {
        None => Some(HostMatch::Any),
        Some(_) => table.with("host", host),
    };
    let matched = match (table.get("path"), table.get("prefix")) {
        (Some(_), Some(_)) => {
            let complaint = Diagnostic::new("contradiction", "a route has either `path` or `prefix`");
            table.report.add(
                complaint
                    .with_help("`path` is one path, `prefix` is it and all below it")
                    .at(table.path),
            );
            None
        }
        (Some(_), None) => table
            .with("path", path_text)
            .map(|path| PathMatch::Exact(Arc::from(path))),
        (None, Some(_)) => {
            let prefix = table.with("prefix", path_text);
            prefix.map(|prefix| PathMatch::Prefix(Arc::from(prefix.trim_end_matches('/'))))
        }
        (None, None) => Some(PathMatch::Prefix(Arc::from(""))),
    };
    Some(RouteKey {
        listener,
        host: host?,
        path: matched?,
    })
}

fn host(node: &Node, path: &Path<'_>, report: &Report) -> Option<HostMatch> {
    let text = text(node, path, report)?.to_ascii_lowercase();
    if text == "*" {
        return Some(HostMatch::Any);
    }
    if let Some(suffix) = text.strip_prefix("*.").filter(|suffix| is_host(suffix)) {
        return Some(HostMatch::Suffix(Arc::from(suffix)));
    }
    let bracketed = text.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if is_host(&text) || bracketed.is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok()) {
        return Some(HostMatch::Exact(Arc::from(text)));
    }
    let complaint = Diagnostic::new("bad-host", format!("`{text}` is no host"));
    report.add(
        complaint
            .with_help("a name without a port, `*.` and a name, or `*` for all")
            .at(path),
    );
    None
}

fn path_text<'a>(node: &'a Node, path: &Path<'_>, report: &Report) -> Option<&'a str> {
    let text = text(node, path, report)?;
    let complaint = if !text.starts_with('/') {
        "a path begins with `/`"
    } else if text
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || b"?#\"<>\\^`{|}".contains(&byte))
    {
        "a path is written as in a request: visible ASCII without `?` and `#`, the rest as %XX"
    } else if text.split('/').any(|segment| segment == "." || segment == "..") {
        "no request has a segment `.` or `..`: they are refused"
    } else {
        return Some(text);
    };
    report.add(
        Diagnostic::new("bad-path", format!("`{text}` is no path"))
            .with_help(complaint)
            .at(path),
    );
    None
}

fn action(table: &Table<'_>, upstreams: &Named<Upstream>) -> Option<Action> {
    let given: Vec<_> = ["upstream", "respond", "redirect"]
        .into_iter()
        .filter(|key| table.get(key).is_some())
        .collect();
    match given[..] {
        ["upstream"] => {
            let name = table.with("upstream", name)?;
            upstreams
                .resolve("upstream", name, "upstream", table)
                .map(Action::Forward)
        }
        ["respond"] => table.with("respond", respond),
        ["redirect"] => table.with("redirect", redirect),
        _ => {
            if given.is_empty() && table.is_mistyped {
                return None;
            }
            let message = match given.len() {
                0 => "the route leads nowhere".to_owned(),
                _ => format!("the route has {} actions: {}", given.len(), given.join(", ")),
            };
            let complaint = Diagnostic::new("contradiction", message);
            table.report.add(
                complaint
                    .with_help("give it one of `upstream`, `respond`, `redirect`")
                    .at(table.path),
            );
            None
        }
    }
}

fn respond(node: &Node, path: &Path<'_>, report: &Report) -> Option<Action> {
    let table = Table::read(node, path, keys::RESPOND, report)?;
    let status = table.with("status", number(200, 599)).unwrap_or(200) as u16;
    let body = table.with("body", text).unwrap_or_default();
    let status = StatusCode::from_u16(status).ok()?;
    if !body.is_empty() && matches!(status.as_u16(), 204 | 205 | 304) {
        table.complain(
            "body",
            Diagnostic::new("contradiction", format!("a response with {status} has no body"))
                .with_help("remove the body, or choose another status"),
        );
    }
    Some(Action::Respond {
        status,
        body: Bytes::copy_from_slice(body.as_bytes()),
    })
}

fn redirect(node: &Node, path: &Path<'_>, report: &Report) -> Option<Action> {
    let table = Table::read(node, path, keys::REDIRECT, report)?;
    let status = table.with("status", number(301, 308)).unwrap_or(302) as u16;
    if ![301, 302, 303, 307, 308].contains(&status) {
        table.complain(
            "status",
            Diagnostic::new("out-of-range", "expected one of 301, 302, 303, 307, 308")
                .with_help("302 for now, 308 for good"),
        );
    }
    let location = table.required("location", text)?;
    let visible = !location.is_empty() && location.bytes().all(|byte| byte.is_ascii_graphic());
    let Some(location) = visible.then(|| HeaderValue::from_str(location).ok()).flatten() else {
        table.complain(
            "location",
            Diagnostic::new("bad-header", format!("{} is no location", echo(location, "this")))
                .with_help("a URL or a path in visible ASCII without blanks, the rest as %XX"),
        );
        return None;
    };
    Some(Action::Redirect {
        status: StatusCode::from_u16(status).ok()?,
        location,
    })
}
