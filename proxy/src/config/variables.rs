//! References in text: `${NAME}` and `${NAME:-default}` for variables of the environment, `${file:PATH}` for the content of a file.
//!
//! In: a tree, and somebody who knows what references stand for. Out: the tree with every reference replaced, and all complaints. Keys are
//! never touched, and what was filled in is never read as a reference again. It asks no environment and reads no file itself.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Diagnostic, Node, Path, Step};

/// A value that was filled in.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) path: Vec<Step>,
    /// As the author wrote it.
    pub(super) written: String,
    /// What it came to.
    pub(super) value: String,
}

/// What a text refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    /// A variable of the environment, and what to take if it is not set, or empty.
    Variable(&'a str, Option<&'a str>),
    /// A file, as the author calls it.
    File(&'a str),
}

/// What references stand for.
pub(super) struct Meanings<'a> {
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    pub(super) files: &'a BTreeMap<String, Bytes>,
}

/// Replaces references.
pub(super) struct Filler<'a> {
    meanings: &'a Meanings<'a>,
    left_bytes: usize,
    pub(super) complaints: Vec<Diagnostic>,
    pub(super) filled: Vec<Filled>,
}

/// A piece of a text.
enum Piece<'a> {
    Text(&'a str),
    Reference(Reference<'a>),
}

/// What begins a reference. Written after another `$` it stands for itself.
pub(super) const OPENING: &str = "${";
/// What may be filled in altogether: references grow a document, as aliases do.
const FILLED_LIMIT_BYTES: usize = 64 * 1024 * 1024;
/// What stands in a file that is referred to is a key, a token, a certificate, at most all issuers that a system trusts.
pub const FILE_LIMIT_BYTES: usize = 1024 * 1024;
const HELP: &str = "`${NAME}`, `${NAME:-default}` or `${file:PATH}`; `$${` stands for `${` itself";

/// The files that a tree refers to.
pub(super) fn files(node: &Node, found: &mut Vec<String>) {
    match node {
        Node::String(text) if text.contains(OPENING) => {
            for piece in pieces(text).unwrap_or_default() {
                if let Piece::Reference(Reference::File(path)) = piece {
                    found.push(path.to_owned());
                }
            }
        }
        Node::List(items) => items
            .iter()
            .filter(|item| item.refers())
            .for_each(|item| files(item, found)),
        Node::Table(entries) => entries.iter().for_each(|(_, value)| files(value, found)),
        _ => {}
    }
}

/// Takes a text apart, or says what is wrong with it.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPENING) {
        if let Some(before) = rest[..at].strip_suffix('$') {
            pieces.extend([Piece::Text(before), Piece::Text(OPENING)]);
            rest = &rest[at + OPENING.len()..];
            continue;
        }
        pieces.push(Piece::Text(&rest[..at]));
        let inside = &rest[at + OPENING.len()..];
        let end = inside.find('}').ok_or("`${` is not closed")?;
        pieces.push(Piece::Reference(reference(&inside[..end])?));
        rest = &inside[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn reference(inside: &str) -> Result<Reference<'_>, String> {
    if let Some(path) = inside.strip_prefix("file:").filter(|path| !path.is_empty()) {
        return Ok(Reference::File(path));
    }
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(fits) {
        return Err("what stands between `${` and `}` is no name of a variable".to_owned());
    }
    Ok(Reference::Variable(name, default))
}

// === impl Filler ===

impl<'a> Filler<'a> {
    pub(super) fn new(meanings: &'a Meanings<'a>) -> Self {
        Self {
            meanings,
            left_bytes: FILLED_LIMIT_BYTES,
            complaints: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// Replaces the references in a tree.
    pub(super) fn fill(&mut self, node: &mut Node, path: &Path<'_>) {
        match node {
            Node::String(text) if text.contains(OPENING) => match self.filled_text(text) {
                Ok(value) => {
                    let written = std::mem::take(text);
                    *node = Node::Filled(value.clone());
                    self.filled.push(Filled {
                        path: path.steps(),
                        written,
                        value,
                    });
                }
                Err(complaint) => self.complaints.push(complaint.at(path)),
            },
            Node::List(items) => {
                let items = items.iter_mut().enumerate();
                let of_them = items.filter_map(|(index, item)| Some((index, item.unfilled()?)));
                of_them.for_each(|(index, node)| self.fill(node, &path.item(index)));
            }
            Node::Table(entries) => {
                for (key, value) in entries {
                    self.fill(value, &path.key(key));
                }
            }
            _ => {}
        }
    }

    fn filled_text(&mut self, text: &str) -> Result<String, Box<Diagnostic>> {
        let pieces = pieces(text)
            .map_err(|message| Box::new(Diagnostic::new("bad-reference", message).with_help(HELP)))?;
        let mut filled = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => filled += text,
                Piece::Reference(reference) => filled += &self.meaning(reference)?,
            }
        }
        self.left_bytes = self.left_bytes.checked_sub(filled.len()).ok_or_else(|| {
            let message = format!("the references come to more than {FILLED_LIMIT_BYTES} bytes");
            Box::new(Diagnostic::new("too-large", message).with_help("refer to less"))
        })?;
        Ok(filled)
    }

    fn meaning(&self, reference: Reference<'_>) -> Result<String, Box<Diagnostic>> {
        match reference {
            Reference::Variable(name, default) => {
                let value = (self.meanings.variable)(name);
                let value = value.filter(|value| default.is_none() || !value.is_empty());
                value.or_else(|| default.map(str::to_owned)).ok_or_else(|| {
                    let message = format!("the variable `{name}` is not set");
                    let help =
                        format!("set it before the proxy starts, or give a default: `${{{name}:-...}}`");
                    Box::new(Diagnostic::new("unset-variable", message).with_help(help))
                })
            }
            Reference::File(path) => {
                let refuse = |message: String, help: &str| {
                    Err(Box::new(
                        Diagnostic::new("bad-reference", message).with_help(help),
                    ))
                };
                let Some(bytes) = self.meanings.files.get(path) else {
                    let help = "`${file:...}` is followed in files only, and written without escapes";
                    return refuse(format!("the file `{path}` was not read"), help);
                };
                match std::str::from_utf8(bytes) {
                    Ok(text) => Ok(text
                        .strip_suffix('\n')
                        .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line))
                        .to_owned()),
                    Err(_) => refuse(format!("the file `{path}` is no text"), "one line of UTF-8 text"),
                }
            }
        }
    }
}

// === impl Filled ===

impl Filled {
    /// A complaint with the value, should it repeat it, as the author wrote it: it may be a secret.
    pub(super) fn unsay(&self, complaint: &mut Diagnostic) {
        /// Shorter values are parts of other words.
        const TELLING: usize = 8;
        let Self { path, written, value } = self;
        if value.is_empty() {
            return;
        }
        let texts = [Some(&mut complaint.message), complaint.help.as_mut()];
        for text in texts.into_iter().flatten() {
            if complaint.path == *path {
                for quote in [value.as_str(), &value.to_ascii_lowercase()] {
                    *text = text.replace(&format!("`{quote}`"), &format!("`{written}`"));
                    *text = text.replace(&format!("found {quote}"), &format!("found {written}"));
                }
            }
            if value.len() >= TELLING {
                for quote in [value.as_str(), &value.to_ascii_lowercase()] {
                    *text = text.replace(quote, written);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<String, String> {
        let variable = |name: &str| match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${A}".to_owned()),
            _ => None,
        };
        let files = BTreeMap::from([
            ("key".to_owned(), "s3cret\r\n".into()),
            ("two".to_owned(), "1\n2\n".into()),
            ("binary".to_owned(), vec![0xff].into()),
        ]);
        let meanings = Meanings {
            variable: &variable,
            files: &files,
        };
        let mut filler = Filler::new(&meanings);
        let mut node = Node::String(text.to_owned());
        filler.fill(&mut node, &Path::ROOT);
        match (filler.complaints.pop(), node) {
            (Some(complaint), _) => Err(complaint.message),
            (None, Node::String(text) | Node::Filled(text)) => Ok(text),
            (None, other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn references_are_replaced_once() {
        for (text, filled) in [
            ("${A}", "a"),
            ("x-${A}-${A}", "x-a-a"),
            ("${NO:-b}", "b"),
            ("${NO:-}", ""),
            ("${EMPTY:-b}", "b"),
            ("${EMPTY}", ""),
            ("${NESTED}", "${A}"),
            ("$${A}", "${A}"),
            ("$$${A}", "$${A}"),
            ("$A $ {A} }", "$A $ {A} }"),
            ("${file:key}", "s3cret"),
            ("${file:two}", "1\n2"),
        ] {
            assert_eq!(fill(text), Ok(filled.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_refused() {
        for (text, message) in [
            ("${NO}", "the variable `NO` is not set"),
            ("${A", "`${` is not closed"),
            ("${}", "what stands between `${` and `}` is no name of a variable"),
            (
                "${1}",
                "what stands between `${` and `}` is no name of a variable",
            ),
            (
                "${A B}",
                "what stands between `${` and `}` is no name of a variable",
            ),
            (
                "${file:}",
                "what stands between `${` and `}` is no name of a variable",
            ),
            ("${file:none}", "the file `none` was not read"),
            ("${file:binary}", "the file `binary` is no text"),
        ] {
            assert_eq!(fill(text), Err(message.to_owned()), "{text}");
        }
    }
}
