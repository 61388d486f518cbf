//! What a document means: the only place that knows which keys exist.
//!
//! In: a [`Document`]. Out: a [`Model`], or all complaints at once. A document that has one complaint has no model: no part of it is
//! ever applied.

mod admin;
mod headers;
mod listeners;
mod reader;
mod routes;
mod scalars;
mod settings;
mod upstreams;

use reader::{Report, Table};

use super::{Diagnostic, Diagnostics, Document, Path, Text, locate};
use crate::model::Model;

/// The keys at the top of a configuration.
pub const ROOT_KEYS: &[&str] = &[
    "log",
    "workers",
    "drain",
    "limits",
    "revisions",
    "metrics",
    "admin",
    "request_headers",
    "response_headers",
    "listeners",
    "routes",
    "upstreams",
];

/// Every key of every table.
const ALL_KEYS: [&[&str]; 15] = [
    ROOT_KEYS,
    settings::LOG_KEYS,
    settings::DRAIN_KEYS,
    settings::LIMIT_KEYS,
    settings::REVISION_KEYS,
    settings::METRIC_KEYS,
    admin::KEYS,
    headers::KEYS,
    listeners::KEYS,
    routes::KEYS,
    routes::RESPOND_KEYS,
    routes::REDIRECT_KEYS,
    upstreams::KEYS,
    upstreams::ENDPOINT_KEYS,
    upstreams::TIMEOUT_KEYS,
];

/// Whether a word is a key of any table.
pub(super) fn is_key(word: &str) -> bool {
    ALL_KEYS.iter().any(|keys| keys.contains(&word))
}

/// Reads the meaning of a document. `text` is what the document was parsed from; it is looked at only to show where complaints stand.
pub fn validate(document: &Document, text: Text<'_>) -> Result<Model, Diagnostics> {
    let report = Report::default();
    let model = read(document, &report);
    match (report.finish(), model) {
        (complaints, Some(model)) if complaints.is_empty() => Ok(model),
        (complaints, _) => Err(locate::meaning(text, complaints)),
    }
}

fn read(document: &Document, report: &Report) -> Option<Model> {
    let root = Table::read(&document.root, &Path::ROOT, ROOT_KEYS, report)?;
    let listeners = listeners::read(&root);
    let settings = settings::read(&root, &listeners);
    let upstreams = upstreams::read(&root);
    let routes = routes::read(&root, &listeners, &upstreams);
    if root.get("listeners").is_none() && !root.is_mistyped {
        let complaint = Diagnostic::new("no-listeners", "there is no listener").with_help(listeners::ADVICE);
        report.add(complaint);
    }
    Some(Model {
        settings,
        listeners: listeners.valid,
        routes,
        upstreams: upstreams.valid,
    })
}
