//! The second pass over YAML and JSON: the same tree, with a span for everything, and every complaint about its form.
//!
//! In: text that the fast pass refused, or whose meaning was refused. Out: a [`Spanned`] tree. It is never used to decide whether a
//! document is good: that the fast pass has done.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::depth::DEPTH_LIMIT;

use saphyr_parser::{Event, Marker, Parser, Span};

/// A value and where it stands, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Spanned {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

/// What a value is, as far as positions are concerned.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar(String),
    List(Vec<Spanned>),
    /// Keys with their spans.
    Table(Vec<(String, Range<usize>, Spanned)>),
    /// What the anchor of this number holds.
    Alias(usize),
}

/// A document with spans. A text that breaks off leaves what stood before.
#[derive(Debug, Default)]
pub(super) struct SpannedDocument {
    pub(super) root: Option<Spanned>,
    pub(super) anchors: HashMap<usize, Spanned>,
    /// Keys that stood before in the same table: their name, and their span.
    pub(super) duplicates: Vec<(String, Range<usize>)>,
    /// Where the second document begins.
    pub(super) second: Option<usize>,
    /// Whether there is more text than was read.
    pub(super) broke_off: bool,
    /// The innermost bracket that was open where the text broke off.
    pub(super) bracket: Option<usize>,
}

/// More keys that stand twice than this help nobody; the rest is not looked for.
const DUPLICATES_LIMIT: usize = 100;

struct Builder<'a> {
    text: &'a str,
    /// The last marker that was translated: its character and its byte. Markers come nearly in order, so the next is near.
    cursor: (usize, usize),
    open: Vec<Open>,
    document: SpannedDocument,
}

struct Open {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Spanned>),
    Table {
        entries: Vec<(String, Range<usize>, Spanned)>,
        keys: HashSet<String>,
        key: Option<(String, Range<usize>)>,
    },
}

/// Reads as much of a text as can be read.
pub(super) fn read(text: &str) -> SpannedDocument {
    let mut builder = Builder {
        text,
        cursor: (0, 0),
        open: Vec::new(),
        document: SpannedDocument::default(),
    };
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else {
            let starts = builder.open.iter().rev().map(|open| open.start);
            let mut brackets = starts.filter(|&start| text[start..].starts_with(['[', '{']));
            builder.document.bracket = brackets.next();
            builder.document.broke_off = true;
            break;
        };
        builder.event(event, span);
        if builder.open.len() > DEPTH_LIMIT || builder.document.duplicates.len() >= DUPLICATES_LIMIT {
            builder.document.broke_off = true;
            break;
        }
    }
    // What broke off is closed where it broke.
    while let Some(open) = builder.open.pop() {
        let end = text.len();
        builder.close(open, end);
    }
    builder.document
}

// === impl Builder ===

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) {
        let bytes = self.bytes(span);
        match event {
            Event::Scalar(value, _, anchor, _) => {
                let scalar = Spanned {
                    span: bytes,
                    kind: Kind::Scalar(value.into_owned()),
                };
                self.value(scalar, anchor);
            }
            Event::Alias(anchor) => self.value(
                Spanned {
                    span: bytes,
                    kind: Kind::Alias(anchor),
                },
                0,
            ),
            Event::SequenceStart(anchor, _) => {
                self.open.push(Open {
                    start: bytes.start,
                    anchor,
                    content: Content::List(Vec::new()),
                });
            }
            Event::MappingStart(anchor, _) => {
                let content = Content::Table {
                    entries: Vec::new(),
                    keys: HashSet::new(),
                    key: None,
                };
                self.open.push(Open {
                    start: bytes.start,
                    anchor,
                    content,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.close(open, bytes.end);
                }
            }
            Event::DocumentStart(_) if self.document.root.is_some() => {
                self.document.second.get_or_insert(bytes.start);
            }
            _ => {}
        }
    }

    fn close(&mut self, open: Open, end: usize) {
        let kind = match open.content {
            Content::List(items) => Kind::List(items),
            Content::Table { entries, .. } => Kind::Table(entries),
        };
        self.value(
            Spanned {
                span: open.start..end.max(open.start),
                kind,
            },
            open.anchor,
        );
    }

    fn value(&mut self, value: Spanned, anchor: usize) {
        if anchor != 0 {
            self.document.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None if self.document.root.is_none() => self.document.root = Some(value),
            None => {}
            Some(Content::List(items)) => items.push(value),
            Some(Content::Table { entries, keys, key }) => {
                if let Some((name, span)) = key.take() {
                    entries.push((name, span, value));
                    return;
                }
                let name = match value.kind {
                    Kind::Scalar(name) => name,
                    _ => String::from("?"),
                };
                if !keys.insert(name.clone()) {
                    self.document.duplicates.push((name.clone(), value.span.clone()));
                }
                *key = Some((name, value.span));
            }
        }
    }

    fn bytes(&mut self, span: Span) -> Range<usize> {
        let start = self.byte(span.start);
        start..self.byte(span.end).max(start)
    }

    fn byte(&mut self, marker: Marker) -> usize {
        let (chars, bytes) = self.cursor;
        let wanted = marker.index();
        let found = if wanted >= chars {
            let rest = &self.text[bytes..];
            rest.char_indices()
                .nth(wanted - chars)
                .map_or(self.text.len(), |(at, _)| bytes + at)
        } else {
            let before = &self.text[..bytes];
            before
                .char_indices()
                .rev()
                .nth(chars - wanted - 1)
                .map_or(0, |(at, _)| at)
        };
        if found < self.text.len() {
            self.cursor = (wanted, found);
        }
        found
    }
}
