//! What of a source line may be shown in a complaint.
//!
//! In a document that is whole, a value may be shown if all keys that lead to it are known and none of them holds header fields. In one that
//! breaks off, only what was read before the break is known so well; of the rest the known keys are shown, and the marks that give a
//! line its shape.

use std::ops::Range;

use super::keys::is_key;
use super::yaml_spans::{Kind, Spanned, SpannedDocument};

/// Keys below which every value may be a secret.
const SECRET_VALUES: [&str; 3] = ["set", "token", "key"];
/// The same, but that they may list names to remove, which are none.
const SECRET_TABLES: [&str; 2] = ["request_headers", "response_headers"];

/// What a text in PEM begins with.
pub(super) const PEM: &str = "-----BEGIN";

/// What is known of a value by the keys that lead to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Open,
    /// Secret, but for `remove`.
    Edits,
    Secret,
}

/// Where secrets may stand in a document, and where none does.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    hidden: Vec<Range<usize>>,
    harmless: Vec<Range<usize>>,
    /// Whether there are values that nobody has seen.
    broke_off: bool,
}

// === impl Secrecy ===

impl Secrecy {
    fn below(self, key: &str, value: &Spanned) -> Self {
        // A token that stands one level too high.
        let bare = key == "admin" && matches!(value.kind, Kind::Scalar(_));
        match self {
            Self::Secret => Self::Secret,
            Self::Edits if key == "remove" => Self::Open,
            _ if bare || !is_key(key) || SECRET_VALUES.contains(&key) => Self::Secret,
            _ if SECRET_TABLES.contains(&key) => Self::Edits,
            within => within,
        }
    }
}

// === impl Secrets ===

impl Secrets {
    pub(super) fn of(document: &SpannedDocument) -> Self {
        let mut found = Self {
            broke_off: document.broke_off,
            ..Self::default()
        };
        for node in document.root.iter().chain(document.anchors.values()) {
            found.walk(node, Secrecy::Open);
        }
        // Nothing stands where a value was left out, and nothing is covered there.
        found.hidden.retain(|span| !span.is_empty());
        found.harmless.retain(|span| !span.is_empty());
        found.hidden.sort_by_key(|span| span.start);
        found.harmless.sort_by_key(|span| span.start);
        // What an anchor names is found twice, and perhaps as a secret once.
        let Self { hidden, harmless, .. } = &mut found;
        harmless.retain(|span| !covers(hidden, span.start));
        found
    }

    fn walk(&mut self, node: &Spanned, secrecy: Secrecy) {
        match &node.kind {
            // The part of a URL before `@` may hold a password, and a private key may stand with its certificate.
            Kind::Scalar(text) if secrecy != Secrecy::Open || text.contains('@') || text.contains(PEM) => {
                self.hidden.push(node.span.clone());
            }
            Kind::Scalar(_) => self.harmless.push(node.span.clone()),
            Kind::Alias(_) => {}
            Kind::List(items) => items.iter().for_each(|item| self.walk(item, secrecy)),
            Kind::Table(entries) => {
                for (key, span, value) in entries {
                    self.harmless.push(span.clone());
                    self.walk(value, secrecy.below(key, value));
                }
            }
        }
    }

    /// A line that begins at the byte `start`, with what may be secret blotted out.
    pub(super) fn blot(&self, line: &str, start: usize) -> String {
        if self.broke_off {
            return careful(line, start, &self.harmless);
        }
        line.char_indices()
            .map(|(at, c)| if covers(&self.hidden, start + at) { '*' } else { c })
            .collect()
    }

    /// What is no secret and ends before a byte.
    pub(super) fn harmless_before(self, byte: usize) -> Vec<Range<usize>> {
        let mut harmless = self.harmless;
        harmless.retain(|span| span.end <= byte);
        harmless
    }
}

/// Whether a byte is in one of the spans, which are in order and apart from each other.
fn covers(spans: &[Range<usize>], byte: usize) -> bool {
    let after = spans.partition_point(|span| span.start <= byte);
    after > 0 && spans[after - 1].contains(&byte)
}

/// A line that begins at the byte `start`, without any word that is neither `harmless`, in order, nor a known key.
pub(super) fn careful(line: &str, start: usize, harmless: &[Range<usize>]) -> String {
    let is_mark = |c: char| c.is_whitespace() || ":{}[],=\"'!&".contains(c);
    let mut shown = String::with_capacity(line.len());
    let mut at = start;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let length = if is_mark(first) {
            first.len_utf8()
        } else {
            rest.find(is_mark).unwrap_or(rest.len())
        };
        let (word, after) = rest.split_at(length);
        let known = is_mark(first)
            || word.bytes().all(|byte| byte == b'-')
            || is_key(word)
            || (covers(harmless, at) && covers(harmless, at + length - 1));
        if known {
            shown.push_str(word);
        } else {
            shown.extend(word.chars().map(|_| '*'));
        }
        at += length;
        rest = after;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_broken_line_only_keys_and_its_shape_are_shown() {
        let line = r#"{"request_headers": {"set": {"x-auth": "se cr3t""#;
        let shown = r#"{"request_headers": {"set": {"******": "** ****""#;
        assert_eq!(careful(line, 0, &[]), shown);
        let web = std::iter::once(20..23).collect::<Vec<_>>();
        assert_eq!(careful("  - name: web", 10, &web), "  - name: web");
        assert_eq!(careful("name-x: ü", 0, &[]), "******: *");
    }
}
