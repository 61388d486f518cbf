//! From complaints about a tree to places in a file.
//!
//! In: complaints that name a path. Out: the same with line, column and source line. Secrets do not pass: the value of a header field
//! that the configuration sets is blotted out wherever a line is shown.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::parse::Malformed;
use super::yaml_spans::{self, Kind, Spanned, SpannedDocument};
use super::{Diagnostic, Diagnostics, Format, Place, Step, Text};

/// Keys below which every value may be a secret.
const SECRET_TABLES: [&str; 2] = ["request_headers", "response_headers"];

/// Places complaints about the meaning of a document.
pub(super) fn meaning(text: Text<'_>, mut complaints: Vec<Diagnostic>) -> Diagnostics {
    let document = spans(text);
    let secrets = secrets(&document);
    for complaint in &mut complaints {
        if complaint.path.is_empty() {
            continue;
        }
        let found = document
            .root
            .as_ref()
            .and_then(|root| find(&document, root, &complaint.path, complaint.at_key));
        complaint.place = found.map(|span| place(text.content, &span, &secrets));
    }
    Diagnostics::new(text.name, complaints)
}

/// Places complaints about the form of a document: every key that stands twice, or else what the parser stumbled over.
pub(super) fn malformed(text: Text<'_>, malformed: Malformed) -> Diagnostics {
    let document = spans(text);
    if !document.duplicates.is_empty() {
        let secrets = secrets(&document);
        let complaints = document.duplicates.iter().map(|(key, span)| Diagnostic {
            place: Some(place(text.content, span, &secrets)),
            ..Diagnostic::new("duplicate-key", format!("the key `{key}` stands twice"))
                .with_help("keep one of the two; which of them counts is not guessed")
        });
        return Diagnostics::new(text.name, complaints.collect());
    }
    let secrets = secrets(&document);
    let mut complaint = Diagnostic::new("syntax", malformed.message);
    complaint.place = malformed.position.map(|(line, column)| {
        let at = offset(text.content, line, column);
        let mut shown = place(text.content, &(at..at + 1), &secrets);
        shown.source = blot_by_word(&shown.source);
        shown
    });
    Diagnostics::new(text.name, vec![complaint])
}

/// The line and the column, from 1, of a byte.
pub(super) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..floor(text, byte)];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[start..].chars().count() + 1,
    )
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        _ => text
            .match_indices('\n')
            .nth(line - 2)
            .map_or(text.len(), |(at, _)| at + 1),
    };
    let line = text[start..].split('\n').next().unwrap_or_default();
    start
        + line
            .char_indices()
            .nth(column.saturating_sub(1))
            .map_or(line.len(), |(at, _)| at)
}

fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

fn place(text: &str, span: &Range<usize>, secrets: &[Range<usize>]) -> Place {
    let start = floor(text, span.start);
    let (line, column) = line_and_column(text, start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = floor(text, span.end.clamp(start, line_end));
    let mut source = String::new();
    let shown = line_start..line_end;
    let secrets: Vec<_> = secrets
        .iter()
        .filter(|secret| secret.start < shown.end && shown.start < secret.end)
        .collect();
    for (at, c) in text[line_start..line_end].char_indices() {
        let hidden = secrets.iter().any(|secret| secret.contains(&(line_start + at)));
        source.push(if hidden { '*' } else { c });
    }
    Place {
        line,
        column,
        length: text[start..end].chars().count().max(1),
        source: source.trim_end().to_owned(),
    }
}

/// For a line of which nothing is known: blots out what follows a word that smells of a credential.
fn blot_by_word(line: &str) -> String {
    const WORDS: [&str; 9] = [
        "authorization",
        "cookie",
        "token",
        "secret",
        "password",
        "key",
        "credential",
        "bearer",
        "basic",
    ];
    let lower = line.to_ascii_lowercase();
    match WORDS
        .iter()
        .filter_map(|word| lower.find(word).map(|at| at + word.len()))
        .min()
    {
        Some(end) => {
            let (head, tail) = line.split_at(end);
            let blotted = tail.chars().map(|c| {
                if c.is_whitespace() || ":{}[],=".contains(c) {
                    c
                } else {
                    '*'
                }
            });
            head.chars().chain(blotted).collect()
        }
        None => line.to_owned(),
    }
}

fn find(document: &SpannedDocument, node: &Spanned, path: &[Step], at_key: bool) -> Option<Range<usize>> {
    let Some((step, rest)) = path.split_first() else {
        return Some(node.span.clone());
    };
    match (&node.kind, step) {
        (Kind::Alias(anchor), _) => {
            // What an alias stands for is shown where the alias stands, if the anchor does not help.
            let target = document.anchors.get(anchor)?;
            find(document, target, path, at_key).or_else(|| Some(node.span.clone()))
        }
        (Kind::List(items), Step::Item(index)) => find(document, items.get(*index)?, rest, at_key),
        (Kind::Table(entries), Step::Key(key)) => {
            let (_, span, value) = entries.iter().find(|(name, ..)| name == key)?;
            if rest.is_empty() && (at_key || value.span.is_empty()) {
                return Some(span.clone());
            }
            find(document, value, rest, at_key)
        }
        _ => None,
    }
}

fn secrets(document: &SpannedDocument) -> Vec<Range<usize>> {
    fn walk(node: &Spanned, secret: bool, found: &mut Vec<Range<usize>>) {
        match &node.kind {
            Kind::Scalar(_) if secret => found.push(node.span.clone()),
            Kind::Scalar(_) | Kind::Alias(_) => {}
            Kind::List(items) => items.iter().for_each(|item| walk(item, secret, found)),
            Kind::Table(entries) => {
                for (key, _, value) in entries {
                    walk(
                        value,
                        (secret || SECRET_TABLES.contains(&key.as_str())) && key != "remove",
                        found,
                    );
                }
            }
        }
    }
    let mut found = Vec::new();
    document
        .root
        .iter()
        .chain(document.anchors.values())
        .for_each(|node| walk(node, false, &mut found));
    found
}

pub(super) fn spans(text: Text<'_>) -> SpannedDocument {
    match text.format {
        Format::Yaml | Format::Json => yaml_spans::read(text.content),
        Format::Toml => {
            let (table, _) = DeTable::parse_recoverable(text.content);
            let root = Spanned {
                span: table.span(),
                kind: toml_table(table.get_ref()),
            };
            SpannedDocument {
                root: Some(root),
                ..SpannedDocument::default()
            }
        }
    }
}

fn toml_table(table: &DeTable<'_>) -> Kind {
    let entry = |(key, value): (
        &toml::Spanned<toml::de::DeString<'_>>,
        &toml::Spanned<DeValue<'_>>,
    )| { (key.get_ref().to_string(), key.span(), toml_value(value)) };
    Kind::Table(table.iter().map(entry).collect())
}

fn toml_value(value: &toml::Spanned<DeValue<'_>>) -> Spanned {
    let kind = match value.get_ref() {
        DeValue::Table(table) => toml_table(table),
        DeValue::Array(items) => Kind::List(items.iter().map(toml_value).collect()),
        DeValue::String(text) => Kind::Scalar(text.to_string()),
        _ => Kind::Scalar(String::new()),
    };
    Spanned {
        span: value.span(),
        kind,
    }
}
