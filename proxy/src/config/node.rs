//! The tree of a document, the same for every language, and how serde fills it.
//!
//! It refuses what the deserializers let pass: a key that stands twice, a key that is no text, a YAML tag, and a document that grows
//! out of all proportion through aliases.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::variables::OPENING;

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing, as after `key:`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// Text in which a reference was replaced, so that it may stand for a number too.
    Filled(String),
    /// A list.
    List(Vec<Item>),
    /// A table, in the order of the file, each key once.
    Table(Vec<(String, Node)>),
}

/// An item of a list. Documents that were parsed one after the other share those that stand as before.
#[derive(Debug, Clone)]
pub struct Item {
    node: Arc<Node>,
    /// Whether a text in it may refer to something.
    refers: bool,
}

/// What a document may cost: one for each value and one for each byte of its text. A document without aliases costs at most a few
/// times its length.
pub(super) struct Budget(Cell<usize>);

/// Deserializes a [`Node`] within a [`Budget`].
#[derive(Clone, Copy)]
pub(super) struct Seed<'a>(pub(super) &'a Budget);

struct Key<'a>(&'a Budget);

/// What is said of a document that costs more than its budget.
pub(super) const OUT_OF_PROPORTION: &str = "the document grows out of proportion through its aliases";

/// Up to this many keys a table is searched, beyond it a set is kept.
const SMALL_TABLE_KEYS: usize = 16;

// === impl Node ===

impl Node {
    /// What this is, as a message puts it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::String(_) | Self::Filled(_) => "text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// The value of a key, if this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Table(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    fn refers(&self) -> bool {
        match self {
            Self::String(text) => text.contains(OPENING),
            Self::List(items) => items.iter().any(|item| item.refers),
            Self::Table(entries) => entries.iter().any(|(_, value)| value.refers()),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Float(_) | Self::Filled(_) => false,
        }
    }
}

// === impl Item ===

impl Item {
    /// To replace the references in it; none if there are none.
    pub(super) fn unfilled(&mut self) -> Option<&mut Node> {
        self.refers.then(|| Arc::make_mut(&mut self.node))
    }

    /// Whether there may be references in it.
    pub(super) fn refers(&self) -> bool {
        self.refers
    }

    /// What no other item has, as long as there is one of it.
    pub(super) fn identity(&self) -> *const Node {
        Arc::as_ptr(&self.node)
    }
}

impl From<Node> for Item {
    fn from(node: Node) -> Self {
        Self {
            refers: node.refers(),
            node: Arc::new(node),
        }
    }
}

impl Deref for Item {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node) || self.node == other.node
    }
}

// === impl Budget ===

impl Budget {
    pub(super) fn for_text(text: &str) -> Self {
        Self(Cell::new(text.len().saturating_mul(4).saturating_add(1_000_000)))
    }

    fn spend<E: Error>(&self, cost: usize) -> Result<(), E> {
        let left = self
            .0
            .get()
            .checked_sub(cost)
            .ok_or_else(|| E::custom(OUT_OF_PROPORTION))?;
        self.0.set(left);
        Ok(())
    }
}

// === impl Seed ===

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.0.spend(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false, a list or a table")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        Err(A::Error::custom("tags are not supported"))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Node, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Node, E> {
        Ok(i128::try_from(value).map_or(Node::Float(value as f64), Node::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.0.spend(value.len())?;
        Ok(Node::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Node, E> {
        self.0.spend(value.len())?;
        Ok(Node::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(Item::from(item));
        }
        list.shrink_to_fit();
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut table: Vec<(String, Node)> = Vec::new();
        let mut known = HashSet::new();
        while let Some(key) = entries.next_key_seed(Key(self.0))? {
            let twice = if table.len() < SMALL_TABLE_KEYS {
                table.iter().any(|(other, _)| *other == key)
            } else {
                if known.is_empty() {
                    known.extend(table.iter().map(|(other, _)| other.clone()));
                }
                !known.insert(key.clone())
            };
            if twice {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            table.push((key, entries.next_value_seed(self)?));
        }
        table.shrink_to_fit();
        Ok(Node::Table(table))
    }
}

// === impl Key ===

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        match Seed(self.0).deserialize(deserializer)? {
            Node::String(key) => Ok(key),
            other => Err(D::Error::custom(format_args!(
                "a key has to be text, this one is {}",
                other.kind()
            ))),
        }
    }
}
