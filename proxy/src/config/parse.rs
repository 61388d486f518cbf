//! The fast pass: text to [`Document`].

use serde::de::DeserializeSeed;
use toml::de::{DeTable, DeValue};

use super::node::{Budget, OUT_OF_PROPORTION, Seed};
use super::{Diagnostic, Diagnostics, Format, Node, Text, depth, locate};

/// A well-formed document: every key stands once, nesting and size are bounded. What it means is not known yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The tree.
    pub root: Node,
}

/// Why the fast pass gave up: a message and, as far as the parser told it, a line and a column from 1.
pub(super) struct Malformed {
    pub(super) message: String,
    pub(super) position: Option<(usize, usize)>,
    /// Where the quote is that was being read when the text ended, if one was.
    pub(super) quote: Option<(usize, usize)>,
}

/// What is said of a file with more than one document.
pub(super) const MANY_DOCUMENTS: &str = "there is more than one document";

/// Parses a text, or says everything that keeps it from being a document.
pub fn parse(text: Text<'_>) -> Result<Document, Diagnostics> {
    if depth::too_deep(text.format, text.content) {
        let message = format!("the document nests more than {} levels deep", depth::DEPTH_LIMIT);
        return Err(Diagnostics::unplaced(
            text.name,
            Diagnostic::new("too-deep", message)
                .with_help("a configuration needs 6; is a bracket not closed?"),
        ));
    }
    let root = match text.format {
        Format::Yaml => yaml(text.content, &Budget::for_text(text.content)),
        Format::Json => json(text.content),
        Format::Toml => toml(text.content),
    };
    root.map(|root| Document { root })
        .map_err(|malformed| locate::malformed(text, malformed))
}

pub(super) fn yaml(text: &str, budget: &Budget) -> Result<Node, Malformed> {
    Seed(budget)
        .deserialize(serde_yaml::Deserializer::from_str(text))
        .map_err(|error| {
            let position = error
                .location()
                .map(|location| (location.line(), location.column()));
            // The place is told apart from the message, and so is the path.
            let whole = error.to_string();
            let message = whole.split(" at line ").next().unwrap_or(&whole);
            let message = message.rsplit("]: ").next().unwrap_or(message);
            let message = match message {
                "repetition limit exceeded" => OUT_OF_PROPORTION,
                message if message.contains("more than one document") => MANY_DOCUMENTS,
                message => message,
            };
            Malformed {
                message: message.to_owned(),
                position,
                quote: quote(&whole),
            }
        })
}

/// The place of the opening quote in a message that ends with it.
fn quote(message: &str) -> Option<(usize, usize)> {
    let (_, place) = message.split_once("while scanning a quoted scalar at line ")?;
    let (line, column) = place.split_once(" column ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

fn json(text: &str) -> Result<Node, Malformed> {
    let budget = Budget::for_text(text);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Seed(&budget)
        .deserialize(&mut deserializer)
        .and_then(|node| deserializer.end().map(|()| node))
        .map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
            Malformed {
                message,
                position: (error.line() > 0).then(|| (error.line(), error.column().max(1))),
                quote: None,
            }
        })
}

fn toml(text: &str) -> Result<Node, Malformed> {
    let table = DeTable::parse(text).map_err(|error| Malformed {
        message: error.message().to_owned(),
        position: error.span().map(|span| locate::line_and_column(text, span.start)),
        quote: None,
    })?;
    Ok(toml_table(table.get_ref()))
}

fn toml_table(table: &DeTable<'_>) -> Node {
    Node::Table(
        table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), toml_value(value.get_ref())))
            .collect(),
    )
}

fn toml_value(value: &DeValue<'_>) -> Node {
    match value {
        DeValue::String(text) => Node::String(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i128::from_str_radix(&digits, number.radix()).map_or(Node::String(digits), Node::Integer)
        }
        DeValue::Float(number) => {
            let digits = number.as_str().replace('_', "");
            digits.parse().map_or(Node::String(digits), Node::Float)
        }
        DeValue::Boolean(value) => Node::Bool(*value),
        DeValue::Datetime(moment) => Node::String(moment.to_string()),
        DeValue::Array(items) => Node::List(
            items
                .iter()
                .map(|item| toml_value(item.get_ref()).into())
                .collect(),
        ),
        DeValue::Table(table) => toml_table(table),
    }
}
