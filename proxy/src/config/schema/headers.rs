//! Header edits: which fields may be touched, and what a value may hold.

use http::header::{self, HeaderName, HeaderValue};

use super::super::{Diagnostic, Node, Path, keys};
use super::reader::{Report, Table};
use super::scalars::text;
use crate::model::HeaderEdits;

/// Fields that frame a message or belong to one connection: the proxy alone decides about them.
const OWN: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Edits of a request.
pub(super) fn request(node: &Node, path: &Path<'_>, report: &Report) -> Option<HeaderEdits> {
    let edits = read(node, path, report)?;
    if edits.remove.contains(&header::HOST) {
        let complaint = Diagnostic::new("bad-header", "a request cannot go without `host`");
        report.add(complaint.with_help("set it instead").at(&path.key("remove")));
    }
    Some(edits)
}

/// Edits of a response.
pub(super) fn response(node: &Node, path: &Path<'_>, report: &Report) -> Option<HeaderEdits> {
    read(node, path, report)
}

fn read(node: &Node, path: &Path<'_>, report: &Report) -> Option<HeaderEdits> {
    let table = Table::read(node, path, keys::HEADERS, report)?;
    let mut edits = HeaderEdits::default();
    match table.get("set") {
        None => {}
        Some(Node::Table(entries)) => {
            let path = path.key("set");
            for (key, value) in entries {
                set(&mut edits, key, value, &path.key(key), report);
            }
        }
        Some(other) => report.wrong_type(&path.key("set"), "a table of field names and values", other),
    }
    table.each("remove", |item, path| {
        let Some(name) = text(item, path, report).and_then(|text| field_name(text, path, false, report))
        else {
            return;
        };
        if edits.remove.contains(&name) || edits.set.iter().any(|(other, _)| *other == name) {
            let complaint = Diagnostic::new("duplicate", format!("the field `{name}` is edited twice"));
            report.add(
                complaint
                    .with_help("keep one of the two; `set` replaces what was there")
                    .at(path),
            );
        }
        edits.remove.push(name);
    });
    edits.sort();
    Some(edits)
}

fn set(edits: &mut HeaderEdits, key: &str, value: &Node, path: &Path<'_>, report: &Report) {
    let Some(name) = field_name(key, path, true, report) else {
        return;
    };
    if edits.set.iter().any(|(other, _)| *other == name) {
        let complaint = Diagnostic::new("duplicate", format!("the field `{name}` is set twice"));
        report.add(
            complaint
                .with_help("upper and lower case make no difference")
                .at_key(path),
        );
    }
    let Some(text) = text(value, path, report) else {
        return;
    };
    // The text itself is not repeated in a message: it may be a secret.
    match HeaderValue::from_str(text) {
        Ok(mut value) if !text.is_empty() && text.trim() == text => {
            value.set_sensitive(true);
            edits.set.push((name, value));
        }
        _ => {
            let complaint = Diagnostic::new(
                "bad-header",
                format!("the value of `{name}` is no value of a header field"),
            );
            report.add(
                complaint
                    .with_help("visible text on one line, not empty, no blanks around it")
                    .at(path),
            );
        }
    }
}

fn field_name(text: &str, path: &Path<'_>, at_key: bool, report: &Report) -> Option<HeaderName> {
    let refuse = |complaint: Diagnostic| {
        report.add(if at_key {
            complaint.at_key(path)
        } else {
            complaint.at(path)
        });
        None
    };
    match text.parse::<HeaderName>() {
        Ok(name) if OWN.contains(&name) => {
            let complaint = Diagnostic::new(
                "bad-header",
                format!("the field `{name}` belongs to the connection"),
            );
            refuse(complaint.with_help("the proxy sets it as the message needs"))
        }
        Ok(name) => Some(name),
        Err(_) => refuse(
            Diagnostic::new("bad-header", format!("`{text}` is no name of a header field"))
                .with_help("letters, digits and `-`, without blanks and colons"),
        ),
    }
}
