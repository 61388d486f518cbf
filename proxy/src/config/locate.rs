//! From complaints about a tree to places in a file.
//!
//! In: complaints that name a path. Out: the same with line, column and source line, as far as [`secrets`](super::secrets) lets it be shown.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::advice;
use super::parse::{MANY_DOCUMENTS, Malformed};
use super::secrets::{Secrets, careful};
use super::yaml_spans::{self, Kind, Spanned, SpannedDocument};
use super::{Diagnostic, Diagnostics, Format, Place, Step, Text};

/// Places complaints about the meaning of a document.
///
/// Each complaint comes with the number of its text; the first text is that of the main file.
pub(super) fn meaning(texts: &[Text<'_>], complaints: Vec<(usize, Diagnostic)>) -> Diagnostics {
    let wanted = complaints
        .iter()
        .flat_map(|(number, complaint)| [Some(*number), complaint.also.as_ref().map(|also| also.number)]);
    let wanted: BTreeSet<usize> = wanted.flatten().collect();
    let maps: BTreeMap<usize, Map<'_>> = wanted
        .into_iter()
        .filter_map(|number| Some((number, Map::of(*texts.get(number)?))))
        .collect();
    let placed = complaints.into_iter().map(|(number, mut complaint)| {
        if let Some(map) = maps.get(&number) {
            map.text.name.clone_into(&mut complaint.file);
            complaint.place = map.place(&complaint.path, complaint.at_key);
        }
        if let Some(also) = &mut complaint.also
            && let Some(map) = maps.get(&also.number)
        {
            map.text.name.clone_into(&mut also.file);
            also.place = map.place(&also.path, also.at_key);
        }
        complaint
    });
    let placed = placed.collect();
    Diagnostics::new(texts.first().map_or("", |main| main.name), placed)
}

/// The line and the column, from 1, of a part of a well-formed text; of its beginning if the part is not there.
pub(super) fn position(text: Text<'_>, path: &[Step]) -> (usize, usize) {
    let place = Map::of(text).place(path, false);
    place.map_or((1, 1), |place| (place.line, place.column))
}

/// A text and where everything in it stands.
struct Map<'a> {
    text: Text<'a>,
    document: SpannedDocument,
    secrets: Secrets,
}

// === impl Map ===

impl<'a> Map<'a> {
    fn of(text: Text<'a>) -> Self {
        let document = spans(text);
        let secrets = Secrets::of(&document);
        Self {
            text,
            document,
            secrets,
        }
    }

    /// None for the document as a whole.
    fn place(&self, path: &[Step], at_key: bool) -> Option<Place> {
        let root = self.document.root.as_ref().filter(|_| !path.is_empty())?;
        let span = find(&self.document, root, path, at_key)?;
        Some(place(self.text.content, &span, &self.secrets))
    }
}

/// Places complaints about the form of a document: every key that stands twice, or else what the parser stumbled over.
pub(super) fn malformed(text: Text<'_>, malformed: Malformed) -> Diagnostics {
    let document = spans(text);
    if !document.duplicates.is_empty() {
        let secrets = Secrets::of(&document);
        let complaints = document.duplicates.iter().map(|(key, span)| Diagnostic {
            place: Some(place(text.content, span, &secrets)),
            ..Diagnostic::new("duplicate-key", format!("the key `{key}` stands twice"))
                .with_help("keep one of the two; which of them counts is not guessed")
        });
        return Diagnostics::new(text.name, complaints.collect());
    }
    let help = advice::on_syntax(text.format, &malformed.message);
    let at = |(line, column)| offset(text.content, line, column);
    let position = match malformed.message.as_str() {
        MANY_DOCUMENTS => document.second,
        _ => malformed.position.map(at),
    };
    let opening = malformed.quote.map(at).or(document.bracket);
    let mut complaint = Diagnostic::new("syntax", malformed.message).with_help(help);
    complaint.place = position.map(|at| broken(text, &document, at));
    if let (Some(position), Some(opening)) = (position, opening) {
        blame(&mut complaint, text, &document, position, opening);
    }
    Diagnostics::new(text.name, vec![complaint])
}

/// Points from where a text broke off to what was opened before, if that is likely to be the reason.
fn blame(
    complaint: &mut Diagnostic,
    text: Text<'_>,
    document: &SpannedDocument,
    position: usize,
    opening: usize,
) {
    let Some(mark) = text.content[floor(text.content, opening)..].chars().next() else {
        return;
    };
    let (line, column) = line_and_column(text.content, opening);
    // serde_json's position is that of the last character.
    let rest = text.content[floor(text.content, position)..].chars();
    if rest
        .skip(usize::from(text.format == Format::Json))
        .all(char::is_whitespace)
        && !complaint.message.contains("a string")
    {
        complaint.message = format!("`{mark}` is opened here and never closed");
        complaint.help = Some("close it where the value ends".to_owned());
        complaint.place = Some(broken(text, document, opening));
    } else if complaint.place.as_ref().is_some_and(|place| place.line > line) {
        complaint.help = Some(format!(
            "is the `{mark}` of line {line}, column {column} closed where its value ends?"
        ));
    }
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

fn place(text: &str, span: &Range<usize>, secrets: &Secrets) -> Place {
    let start = floor(text, span.start);
    let (line, column) = line_and_column(text, start);
    let shown = line_around(text, start);
    let end = floor(text, span.end.clamp(start, shown.end));
    let source = secrets.blot(&text[shown.clone()], shown.start);
    Place {
        line,
        column,
        length: text[start..end].chars().count().max(1),
        source: source.trim_end().to_owned(),
    }
}

/// The place where a document stops being one. What stands there has no path, so that nothing tells a secret from the rest.
fn broken(text: Text<'_>, document: &SpannedDocument, at: usize) -> Place {
    let at = floor(text.content, at);
    let (line, column) = line_and_column(text.content, at);
    let shown = line_around(text.content, at);
    // What stands before the break was read for what it is, in the one language that is read in order.
    let harmless = match text.format {
        Format::Yaml => Secrets::of(document).harmless_before(at),
        Format::Json | Format::Toml => Vec::new(),
    };
    let source = careful(&text.content[shown.clone()], shown.start, &harmless);
    Place {
        line,
        column,
        length: 1,
        source: source.trim_end().to_owned(),
    }
}

fn line_around(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
    start..text[at..].find('\n').map_or(text.len(), |after| at + after)
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
