//! What a document means. Which keys there are is known from [`keys`].
//!
//! In: a [`Document`]. Out: a [`Model`], or all complaints at once. A document that has one complaint has no model: no part of it is
//! ever applied.

mod acme;
mod admin;
mod admission;
mod attempts;
mod balancing;
mod headers;
mod known;
mod listeners;
mod pairs;
mod reader;
mod rest;
mod routes;
mod scalars;
mod settings;
mod tls;
mod tracing;
mod upstreams;

use known::KnownRoutes;
use pairs::KnownPairs;
use reader::{Report, Table};
use rest::{KnownRest, Rest};
pub use tls::KEY_MISMATCH;

use super::{Diagnostic, Diagnostics, Document, Node, Path, Text, keys, locate};
use crate::model::Model;

/// Reads the meaning of a document. `text` is what the document was parsed from; it is looked at only to show where complaints stand.
pub fn validate(document: &Document, text: Text<'_>) -> Result<Model, Diagnostics> {
    model(document, None).map_err(|complaints| {
        let complaints = complaints.into_iter().map(|complaint| (0, complaint));
        locate::meaning(&[text], complaints.collect())
    })
}

/// What is known of documents before.
#[derive(Debug, Default)]
pub(super) struct Known {
    routes: KnownRoutes,
    rest: KnownRest,
    pairs: KnownPairs,
}

/// The same without the places of complaints, and with what is known of documents before.
pub(super) fn model(document: &Document, known: Option<&mut Known>) -> Result<Model, Vec<Diagnostic>> {
    let mut report = Report::default();
    let model = match known {
        Some(known) => read_by(document, &mut report, known),
        None => Table::read(&document.root, &Path::ROOT, keys::ROOT, &report)
            .map(|root| read(&root, &rest(&root), None)),
    };
    match (report.finish(), model) {
        (complaints, Some(model)) if complaints.is_empty() => Ok(model),
        (complaints, _) => Err(complaints),
    }
}

fn read_by(document: &Document, report: &mut Report, known: &mut Known) -> Option<Model> {
    let Known {
        routes,
        rest: known_rest,
        pairs,
    } = known;
    if let Some(rest) = known_rest.of(&document.root) {
        let root = Table::read(&document.root, &Path::ROOT, keys::ROOT, report)?;
        return Some(read(&root, rest, Some(routes)));
    }
    report.pairs = KnownPairs::after(pairs);
    let root = Table::read(&document.root, &Path::ROOT, keys::ROOT, report);
    let model = root.map(|root| {
        let rest = rest(&root);
        let model = read(&root, &rest, Some(routes));
        if report.is_empty() {
            known_rest.learn(&document.root, rest);
        }
        model
    });
    *pairs = report.pairs.seen();
    model
}

/// All but the routes.
fn rest(root: &Table<'_>) -> Rest {
    include(root);
    let listeners = listeners::read(root);
    Rest {
        settings: settings::read(root, &listeners),
        upstreams: upstreams::read(root),
        listeners,
    }
}

fn read(root: &Table<'_>, rest: &Rest, known: Option<&mut KnownRoutes>) -> Model {
    let Rest {
        settings,
        listeners,
        upstreams,
    } = rest;
    let routes = routes::read(root, listeners, upstreams, known);
    if root.get("listeners").is_none() && !root.is_mistyped {
        let complaint = Diagnostic::new("no-listeners", "there is no listener").with_help(listeners::ADVICE);
        root.report.add(complaint);
    }
    Model {
        settings: settings.clone(),
        listeners: listeners.valid.clone(),
        routes,
        upstreams: upstreams.valid.clone(),
    }
}

/// Says what is no path of a file. Those that are have been followed before.
fn include(root: &Table<'_>) {
    let is_path = |node: &Node, path: &Path<'_>| {
        let refuse = |message: &str, help: &str| {
            let complaint = Diagnostic::new("bad-include", message).with_help(help);
            root.report.add(complaint.at(path));
        };
        match node {
            Node::String(text) if text.is_empty() => refuse("this names no file", "a path, or a pattern"),
            Node::String(text) if text.contains("**") => {
                refuse(
                    "`**` is no pattern of an include",
                    "`*`, `?` and `[...]`, each within one name",
                );
            }
            Node::String(_) => {}
            Node::Filled(_) => refuse(
                "the files that are included do not depend on variables",
                "write the path out; included files may use variables",
            ),
            other => root.report.wrong_type(path, "text", other),
        }
    };
    match root.get("include") {
        None => {}
        Some(Node::List(_)) => root.each("include", is_path),
        Some(other) => is_path(other, &root.path.key("include")),
    }
}
