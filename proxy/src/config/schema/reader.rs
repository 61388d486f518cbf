//! Reads tables key by key and collects complaints instead of stopping at the first.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::super::keys::Key;
use super::super::{Diagnostic, Node, Path, Step};
use super::pairs::KnownPairs;
use crate::model::Name;

/// Complaints so far, and what need not be looked into again.
#[derive(Default)]
pub(super) struct Report {
    complaints: RefCell<Vec<Diagnostic>>,
    pub(super) pairs: KnownPairs,
}

/// A table all of whose keys are known.
pub(super) struct Table<'a> {
    entries: &'a [(String, Node)],
    pub(super) path: &'a Path<'a>,
    pub(super) report: &'a Report,
    known: &'static [Key],
    /// Whether it has a key that nobody knows. Then what seems to be missing is probably meant by it, and is not complained about as well.
    pub(super) is_mistyped: bool,
}

/// Named objects: those that are valid, and the names of all, so that a reference to a faulty object is not called dangling as well.
#[derive(Debug)]
pub(super) struct Named<T> {
    pub(super) valid: BTreeMap<Name, Arc<T>>,
    pub(super) mentioned: HashMap<String, Vec<Step>>,
}

/// More complaints than this help nobody; the rest is not recorded.
const COMPLAINTS_LIMIT: usize = 100;

// === impl Report ===

impl Report {
    pub(super) fn add(&self, complaint: Diagnostic) {
        let mut complaints = self.complaints.borrow_mut();
        if complaints.len() < COMPLAINTS_LIMIT {
            complaints.push(complaint);
        }
    }

    /// Whether what is added is not recorded any more.
    fn is_full(&self) -> bool {
        self.len() >= COMPLAINTS_LIMIT
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.complaints.borrow().len()
    }

    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.complaints.into_inner()
    }

    pub(super) fn wrong_type(&self, path: &Path<'_>, expected: &str, found: &Node) {
        let message = format!("expected {expected}, found {}", found.kind());
        let help = match (expected, found) {
            ("text", Node::Integer(_) | Node::Float(_) | Node::Bool(_)) => "put the value in quotes",
            ("text", Node::Null) => "write a value after the key, or remove the key",
            ("text", _) => "one value, in quotes if it has special characters in it",
            ("a whole number", _) => "digits alone, without quotes and without a unit",
            ("a list", _) => "one entry or more, each on a line of its own that begins with `- `",
            _ => "one key or more, each on a line of its own: `key: value`",
        };
        self.add(Diagnostic::new("wrong-type", message).with_help(help).at(path));
    }
}

// === impl Table ===

impl<'a> Table<'a> {
    /// Takes a node for a table and complains about every key that is not in `known`.
    pub(super) fn read(
        node: &'a Node,
        path: &'a Path<'a>,
        known: &'static [Key],
        report: &'a Report,
    ) -> Option<Self> {
        let Node::Table(entries) = node else {
            report.wrong_type(path, "a table", node);
            return None;
        };
        let mut is_mistyped = false;
        for (key, _) in entries {
            if known.iter().all(|known| known.name != key) {
                is_mistyped = true;
                if report.is_full() {
                    break;
                }
                let complaint = Diagnostic::new("unknown-key", format!("unknown key `{key}`"));
                report.add(complaint.with_help(advice(key, known)).at_key(&path.key(key)));
            }
        }
        Some(Self {
            entries,
            path,
            report,
            known,
            is_mistyped,
        })
    }

    /// The value of a key, which is one of those that are known here.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        debug_assert!(self.known.iter().any(|known| known.name == key), "{key}");
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// The value of a key that has to be there.
    pub(super) fn require(&self, key: &str) -> Option<&'a Node> {
        let found = self.get(key);
        if found.is_none() && !self.is_mistyped {
            let complaint = Diagnostic::new("missing-key", format!("the key `{key}` is missing"));
            let help = format!("add it, as in `{}`", example(key));
            self.report.add(complaint.with_help(help).at(self.path));
        }
        found
    }

    /// The value of a key read by `read`, if the key is there and its value can be read.
    pub(super) fn with<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Node, &Path<'_>, &Report) -> Option<T>,
    ) -> Option<T> {
        read(self.get(key)?, &self.path.key(key), self.report)
    }

    /// The same for a key that has to be there.
    pub(super) fn required<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Node, &Path<'_>, &Report) -> Option<T>,
    ) -> Option<T> {
        read(self.require(key)?, &self.path.key(key), self.report)
    }

    /// A complaint about the value of a key.
    pub(super) fn complain(&self, key: &str, complaint: Diagnostic) {
        self.report.add(complaint.at(&self.path.key(key)));
    }

    /// Visits the items of the list at `key`; nothing if it is absent.
    pub(super) fn each(&self, key: &str, mut visit: impl FnMut(&'a Node, &Path<'_>)) {
        match self.get(key) {
            None => {}
            Some(Node::List(items)) => {
                let path = self.path.key(key);
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| visit(item, &path.item(index)));
            }
            Some(other) => self.report.wrong_type(&self.path.key(key), "a list", other),
        }
    }
}

// === impl Named ===

impl<T> Named<T> {
    pub(super) fn new() -> Self {
        Self {
            valid: BTreeMap::new(),
            mentioned: HashMap::new(),
        }
    }

    /// Takes note of a name, and complains if it was there before.
    pub(super) fn mention(&mut self, what: &str, name: &Name, table: &Table<'_>) {
        let path = table.path.key("name");
        let Some(first) = self.mentioned.get(name.as_str()) else {
            self.mentioned.insert(name.as_str().to_owned(), path.steps());
            return;
        };
        let message = format!("there is another {what} called `{name}`");
        let complaint = Diagnostic::new("duplicate", message).with_help("every name stands once");
        table.complain("name", complaint.and_also(first.clone()));
    }

    /// Complains about a reference that leads nowhere.
    pub(super) fn resolve(&self, what: &str, name: Name, key: &str, table: &Table<'_>) -> Option<Name> {
        if self.mentioned.contains_key(name.as_str()) {
            return Some(name);
        }
        let names: Vec<_> = self.mentioned.keys().map(String::as_str).collect();
        let complaint = Diagnostic::new(
            "dangling-reference",
            format!("there is no {what} called `{name}`"),
        );
        let help = match nearest(name.as_str(), &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add it to `{what}s`, or name one that is there"),
        };
        table.complain(key, complaint.with_help(help));
        None
    }
}

fn example(key: &str) -> String {
    let value = match key {
        "name" => "main",
        "address" => "127.0.0.1:8080",
        "endpoints" => "[{address: \"127.0.0.1:9000\"}]",
        "rate" => "100/s",
        "max" => "100",
        "delay" => "100ms",
        "location" => "https://www.example.org/",
        _ => "...",
    };
    format!("{key}: {value}")
}

fn advice(key: &str, known: &[Key]) -> String {
    let known: Vec<&str> = known.iter().map(|known| known.name).collect();
    if key == "<<" {
        return "merge keys are not supported; write the keys out".to_owned();
    }
    match nearest(key, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known
        .iter()
        .map(|&other| (strsim::damerau_levenshtein(word, other), other));
    scored
        .filter(|&(distance, other)| distance <= 1 + other.len() / 4)
        .min()
        .map(|(_, other)| other)
}
