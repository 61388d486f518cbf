//! Law: both passes see the same document. What the second pass finds for a path is what the first pass has there.

use proptest::prelude::*;

use super::yaml_spans::{Kind, Spanned, SpannedDocument};
use super::{Format, Node, Text, locate, parse};

fn node() -> impl Strategy<Value = Node> {
    let text = "[ -~äöü€𝄞\t\n]{0,12}";
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(|number| Node::Integer(number.into())),
        text.prop_map(Node::String),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let table = prop::collection::btree_map("[a-z_ü:#\"']{1,6}", inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5)
                .prop_map(|items| Node::List(items.into_iter().map(Into::into).collect())),
            table.prop_map(|table| Node::Table(table.into_iter().collect())),
        ]
    })
}

fn to_json(node: &Node) -> serde_json::Value {
    match node {
        Node::Null => serde_json::Value::Null,
        Node::Bool(value) => (*value).into(),
        Node::Integer(number) => i64::try_from(*number).expect("a small number").into(),
        Node::Float(number) => (*number).into(),
        Node::String(text) | Node::Filled(text) => text.clone().into(),
        Node::List(items) => items.iter().map(|item| to_json(item)).collect(),
        Node::Table(entries) => serde_json::Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), to_json(value)))
                .collect(),
        ),
    }
}

fn agree(text: &str, document: &SpannedDocument, spanned: &Spanned, node: &Node) {
    assert!(
        text.get(spanned.span.clone()).is_some(),
        "the span {:?} cuts a character",
        spanned.span
    );
    match (&spanned.kind, node) {
        (Kind::Alias(anchor), node) => agree(text, document, &document.anchors[anchor], node),
        (Kind::List(spanned), Node::List(items)) => {
            assert_eq!(spanned.len(), items.len());
            spanned
                .iter()
                .zip(items)
                .for_each(|(spanned, item)| agree(text, document, spanned, item));
        }
        (Kind::Table(spanned), Node::Table(entries)) => {
            assert_eq!(spanned.len(), entries.len());
            for ((name, span, spanned), (key, value)) in spanned.iter().zip(entries) {
                assert_eq!(name, key);
                assert!(text.get(span.clone()).is_some());
                agree(text, document, spanned, value);
            }
        }
        (Kind::Scalar(shown), Node::String(value)) => assert_eq!(shown, value),
        (Kind::Scalar(shown), Node::Integer(value)) => assert_eq!(*shown, value.to_string()),
        (Kind::Scalar(shown), Node::Bool(value)) => assert_eq!(*shown, value.to_string()),
        (Kind::Scalar(_), Node::Null | Node::Float(_)) => {}
        (spanned, node) => panic!("{spanned:?} is not {node:?}"),
    }
}

fn both_passes_agree(format: Format, content: &str, expected: &Node) -> Result<(), TestCaseError> {
    let text = Text {
        name: "law",
        format,
        content,
        print: None,
    };
    let document = parse(text).expect("a document");
    prop_assert_eq!(&document.root, expected);
    let spans = locate::spans(text);
    agree(
        content,
        &spans,
        spans.root.as_ref().expect("a root"),
        &document.root,
    );
    Ok(())
}

proptest! {
    #[test]
    fn on_yaml(node in node()) {
        let content = serde_yaml::to_string(&to_json(&node)).expect("YAML");
        // serde_json's maps are sorted, and so are the tables made above.
        both_passes_agree(Format::Yaml, &content, &node)?;
    }

    #[test]
    fn on_json(node in node(), pretty: bool) {
        let value = to_json(&node);
        let content = if pretty { format!("{value:#}") } else { value.to_string() };
        both_passes_agree(Format::Json, &content, &node)?;
    }

    #[test]
    fn on_text_of_any_kind_neither_panics(content in "[ -~\n\t]{0,80}", bytes: Vec<u8>) {
        for format in [Format::Yaml, Format::Json, Format::Toml] {
            let _ = parse(Text { name: "law", format, content: &content, print: None });
            let _ = Text::new("law", format, &bytes).and_then(parse);
        }
    }

    #[test]
    fn on_text_that_looks_like_yaml_neither_panics(
        content in prop::collection::vec(
            prop::sample::select(vec![
                "a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ", ", "&x ", "*x", "!t ", "\"", "'", "|\n", "#c\n", "ü", "? ", "---\n", "<<", "set",
                "request_headers",
            ]),
            0..40,
        )
    ) {
        let content = content.concat();
        for format in [Format::Yaml, Format::Json, Format::Toml] {
            let text = Text { name: "law", format, content: &content, print: None };
            if let Ok(document) = parse(text) {
                let _ = super::validate(&document, text).map_err(|diagnostics| diagnostics.to_string());
            }
        }
    }
}
