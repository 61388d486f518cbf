//! What parts of a text meant when it was last parsed: of ten thousand routes of which one is different, one is parsed.
//!
//! A text of YAML is taken apart at its top-level keys, and below those that stand alone on their line at the items of their list. A part that is known, byte by
//! byte, has the meaning that it had; the others are parsed. Only texts are taken apart whose parts mean by themselves what they mean together: whatever is not
//! plainly of that form, or is not well-formed, is parsed as a whole, which also says what is wrong with it.
//!
//! Law: the outcome is that of [`parse`](super::parse()).

use std::collections::{HashMap, HashSet};
use std::ops::{Range, RangeInclusive};

use sha2::{Digest as _, Sha256};

use super::bundle::JOINED;
use super::node::Budget;
use super::parse::{Document, parse, yaml};
use super::schema::Known;
use super::{Diagnostics, Format, Item, Node, Print, Text, depth};
use crate::pace;

/// Texts and their parts by what they say. It forgets what was not asked for the last two times: one text in between may be no document.
#[derive(Debug, Default)]
pub struct Memory {
    texts: HashMap<Print, Kept<Document>>,
    parts: HashMap<Print, Kept<Item>>,
    pub(super) known: Known,
    turn: u64,
}

#[derive(Debug)]
struct Kept<T> {
    meaning: T,
    turn: u64,
}

/// A key at the top of a text, by where it stands.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    /// With its value.
    Entry(Range<usize>),
    /// One that is alone on its line, from there on: it may have a list.
    Alone(&'a str, Range<usize>),
    /// With the items of its list, which are so far in.
    List(&'a str, usize, Vec<Range<usize>>),
}

/// A shorter text is parsed in the time that it takes to look it up, and a longer one takes more room than it is worth.
const LENGTHS: RangeInclusive<usize> = 256..=32 * 1024 * 1024;
/// So many parts are looked up in a fraction of a millisecond.
const STRETCH: usize = 256;
/// What ends a line, or is no space, and is not looked at here.
const ODD: [char; 5] = ['\r', '\t', '\u{85}', '\u{2028}', '\u{2029}'];

/// The parts of a text, in their order; none if it is not plainly of the form that can be taken apart.
fn apart(text: &str) -> Option<Vec<Part<'_>>> {
    if text.contains(ODD) || has_anchor(text) {
        return None;
    }
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let start = end;
        end += line.len();
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let content = content.trim_end();
        let is_item = content == "-" || content.starts_with("- ");
        let is_blank = content.is_empty() || content.starts_with('#');
        match parts.last_mut() {
            None if is_blank => {}
            // A line belongs to what it stands below, and comments to what they follow.
            Some(Part::Entry(range)) if is_blank || indent > 0 => range.end = end,
            Some(Part::Alone(_, range)) if is_blank => range.end = end,
            Some(part @ Part::Alone(..)) if is_item => {
                if let Part::Alone(name, _) = *part {
                    let first = start..end;
                    *part = Part::List(name, indent, vec![first]);
                }
            }
            Some(part @ Part::Alone(..)) if indent > 0 => {
                if let Part::Alone(_, range) = part {
                    *part = Part::Entry(range.start..end);
                }
            }
            Some(Part::List(_, depth, items)) if is_blank || indent > *depth => items.last_mut()?.end = end,
            Some(Part::List(_, depth, items)) if indent == *depth && is_item => items.push(start..end),
            _ if indent == 0 => parts.push(key(content, start..end)?),
            _ => return None,
        }
    }
    Some(parts)
}

/// Whether there may be a name for a part of the text, which another part refers to.
fn has_anchor(text: &str) -> bool {
    let mut signs = text.match_indices('&');
    signs.any(|(at, _)| !text[..at].ends_with(|before: char| before.is_ascii_alphanumeric()))
}

/// A line that begins with a plain key.
fn key(line: &str, range: Range<usize>) -> Option<Part<'_>> {
    let (name, rest) = line.split_once(':')?;
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
    if !is_plain || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    let rest = rest.trim_start();
    let is_alone = rest.is_empty() || rest.starts_with('#');
    Some(if is_alone && JOINED.contains(&name) {
        Part::Alone(name, range)
    } else {
        Part::Entry(range)
    })
}

fn print(text: &str) -> Print {
    let mut print = Print::default();
    print.copy_from_slice(&Sha256::digest(text)[..16]);
    print
}

// === impl Memory ===

impl Memory {
    /// From here on, everything is asked for once more.
    pub fn turn(&mut self) {
        let turn = self.turn;
        self.texts.retain(|_, kept| kept.turn + 1 >= turn);
        self.parts.retain(|_, kept| kept.turn + 1 >= turn);
        self.turn += 1;
    }

    /// Parses a text, or says everything that keeps it from being a document.
    pub fn parse(&mut self, text: Text<'_>) -> Result<Document, Diagnostics> {
        if !LENGTHS.contains(&text.content.len()) {
            return parse(text);
        }
        // In another language it means something else.
        let mut print = text.print.unwrap_or_else(|| print(text.content));
        print[0] ^= text.format as u8;
        if let Some(known) = recall(&mut self.texts, print, self.turn) {
            return Ok(known);
        }
        let document = self.in_parts(text).map_or_else(|| parse(text), Ok)?;
        learn(&mut self.texts, print, &document, self.turn);
        Ok(document)
    }

    fn in_parts(&mut self, text: Text<'_>) -> Option<Document> {
        if text.format != Format::Yaml || depth::too_deep(text.format, text.content) {
            return None;
        }
        let budget = Budget::for_text(text.content);
        let mut names = HashSet::new();
        let mut entries = Vec::new();
        let parts = apart(text.content)?;
        pace::give_way();
        for part in parts {
            let (name, value) = match part {
                Part::Entry(range) | Part::Alone(_, range) => self.entry(&text.content[range], &budget)?,
                Part::List(name, _, items) => {
                    let items = self.items(text.content, &items, &budget)?;
                    (name.to_owned(), Node::List(items))
                }
            };
            if !names.insert(name.clone()) {
                return None;
            }
            entries.push((name, value));
        }
        let root = Node::Table(entries);
        (!names.is_empty()).then_some(Document { root })
    }

    fn entry(&mut self, text: &str, budget: &Budget) -> Option<(String, Node)> {
        let print = print(text);
        let meaning = if let Some(meaning) = recall(&mut self.parts, print, self.turn) {
            meaning
        } else {
            let meaning = Item::from(yaml(text, budget).ok()?);
            learn(&mut self.parts, print, &meaning, self.turn);
            meaning
        };
        match &*meaning {
            Node::Table(entries) if entries.len() == 1 => entries.first().cloned(),
            _ => None,
        }
    }

    fn items(&mut self, text: &str, parts: &[Range<usize>], budget: &Budget) -> Option<Vec<Item>> {
        let mut prints: Vec<Print> = Vec::with_capacity(parts.len());
        for some in parts.chunks(STRETCH) {
            pace::give_way();
            prints.extend(some.iter().map(|part| print(&text[part.clone()])));
        }
        let mut items = Vec::with_capacity(parts.len());
        while let [first, ..] = prints[items.len()..] {
            if items.len() % STRETCH == 0 {
                pace::give_way();
            }
            if let Some(item) = recall(&mut self.parts, first, self.turn) {
                items.push(item);
                continue;
            }
            // Neighbours are parsed together: to begin to parse costs as much as some items do.
            let is_new = |print: &&Print| !self.parts.contains_key(*print);
            let start = items.len();
            let end = start + prints[start..].iter().take_while(is_new).count();
            let Node::List(meanings) = yaml(&text[parts[start].start..parts[end - 1].end], budget).ok()?
            else {
                return None;
            };
            // A quote or a bracket that ends in another part than it begins in.
            if meanings.len() != end - start {
                return None;
            }
            for (print, meaning) in prints[start..end].iter().zip(&meanings) {
                learn(&mut self.parts, *print, meaning, self.turn);
            }
            items.extend(meanings);
        }
        Some(items)
    }
}

fn recall<T: Clone>(kept: &mut HashMap<Print, Kept<T>>, print: Print, turn: u64) -> Option<T> {
    let known = kept.get_mut(&print)?;
    known.turn = turn;
    Some(known.meaning.clone())
}

fn learn<T: Clone>(kept: &mut HashMap<Print, Kept<T>>, print: Print, meaning: &T, turn: u64) {
    let meaning = meaning.clone();
    kept.insert(print, Kept { meaning, turn });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(memory: &mut Memory, content: &str) -> (Option<Document>, Option<Document>) {
        let text = Text::new("text", Format::Yaml, content.as_bytes()).expect("text");
        (memory.in_parts(text), parse(text).ok())
    }

    /// Long enough to be taken apart.
    fn padded(content: &str) -> String {
        let padding = "# so that it is worth the while\n".repeat(150);
        format!("{padding}{content}")
    }

    /// Mostly well-formed, with a line now and then that means something else where it stands.
    fn content() -> impl Strategy<Value = String> {
        let keys = [
            "routes:",
            "upstreams:  # of them",
            "listeners:",
            "log:",
            "log: {}",
            "workers: 2",
            "include: [a]",
            "x: &a\n  y: 1",
            "pid_file: /a",
        ];
        let items = [
            "  - host: h",
            "  - host: i\n    prefix: /a",
            "  - &a b",
            "  - *a",
            "  - {a: [1,\n    2]}",
            "  - |\n    text\n   # c",
            "  - 'it''s\n    over'",
            "  - \"q\n    r\"",
            "  -\n    a: 1",
            "  - - x\n    - y",
            "  - ? k\n    : v",
            "  - true",
            "  - >-\n\n    folded\n",
            "  - a: x&y\n    b: z",
            "  - <<: {a: 1}\n    b: 2",
            "  - a: b\n      c",
            "",
            "# c",
            "   # c",
            "  - 'h'  # c",
            "  - \"*.h\"",
            "  - a: |+\n      b\n\n",
        ];
        let odd = [
            "  - \"q",
            "    r\"",
            "- a: 1",
            "  - {a: [1,",
            "    2]}",
            "  2]}",
            "  - 'q",
            "...",
            "---",
            "%YAML 1.1",
            "\t- x",
            "   - odd",
            " - z",
            "  - !t a",
            "true: 1",
            "  - {a: 1, a: 2}",
            "    a: 2",
            "? x",
            "\u{feff}a: 1",
            "  - a: |",
            "  <<: *a",
            "]",
            "routes: |",
            "routes: [",
            "  - b\"",
            "  - c'",
        ];
        let items = prop::collection::vec(prop::sample::select(items.to_vec()), 0..6);
        let blocks = prop::collection::vec((prop::sample::select(keys.to_vec()), items), 1..5);
        let odd = prop::option::weighted(
            0.4,
            (prop::sample::select(odd.to_vec()), any::<prop::sample::Index>()),
        );
        (blocks, odd).prop_map(|(blocks, odd)| {
            let mut lines: Vec<&str> = blocks
                .into_iter()
                .flat_map(|(key, items)| [vec![key], items].concat())
                .collect();
            if let Some((line, place)) = odd {
                lines.insert(place.index(lines.len() + 1), line);
            }
            lines.join("\n")
        })
    }

    proptest! {
        /// Two texts one after the other: the second is read with what is remembered of the first.
        #[test]
        fn parts_mean_by_themselves_what_they_mean_together(texts in prop::collection::vec(content(), 1..4)) {
            let mut memory = Memory::default();
            for text in texts {
                memory.turn();
                let (in_parts, whole) = document(&mut memory, &padded(&text));
                if in_parts.is_some() {
                    prop_assert_eq!(in_parts, whole, "{}", text);
                }
            }
        }
    }

    #[test]
    fn what_is_known_is_not_parsed_again_and_what_is_gone_is_forgotten() {
        let text = |changed: usize, count: usize| {
            let route = |number| {
                let value = if number == changed { "new" } else { "old" };
                format!("  - host: h{number}\n    prefix: /{value}\n\n    # of the next\n")
            };
            format!(
                "workers: 2\nroutes:  # many\n{}log:\n  level: info\n",
                (0..count).map(route).collect::<String>()
            )
        };
        let mut memory = Memory::default();
        let mut known = Vec::new();
        for (changed, count) in [(0, 200), (7, 200), (7, 100), (7, 100), (7, 100)] {
            memory.turn();
            let (in_parts, whole) = document(&mut memory, &text(changed, count));
            assert_eq!(
                in_parts.expect("it can be taken apart"),
                whole.expect("it is well-formed")
            );
            known.push(memory.parts.len());
        }
        // Two parts besides the routes.
        assert_eq!(known, [202, 204, 204, 202, 102]);
    }
}
