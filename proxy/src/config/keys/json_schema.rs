//! The table as a JSON Schema of draft 7, which is what editors read.
//!
//! It refuses nothing that the readers take. What it cannot say is left to them: which references lead somewhere, what stands twice, and
//! what a text in which a variable is replaced comes to.

use serde_json::{Map, Value, json};

use super::{Absent, Form, Key, Kind, ROOT, ROUTE};

/// What a text with a reference in it looks like; it may stand for a number too.
const REFERENCE: &str = r"\$\{";
const DURATION: &str = "^[0-9]+(ms|s|m|h)$";
const SIZE: &str = "^[0-9]+(B|KiB|MiB|GiB)$";

/// The whole schema.
pub fn json_schema() -> Value {
    let mut schema = table(ROOT);
    // It may be a part, so that what has to be there may stand in another one.
    schema.remove("required");
    schema.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".into(), "a configuration of reloadspec-proxy".into());
    Value::Object(schema)
}

fn table(keys: &[Key]) -> Map<String, Value> {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<&str> = keys
        .iter()
        .filter(|key| key.absent == Absent::Refused)
        .map(|key| key.name)
        .collect();
    let mut schema = object(&[
        ("type", "object".into()),
        ("properties", Value::Object(properties)),
        ("additionalProperties", false.into()),
    ]);
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    if keys == ROUTE {
        let action = |key: &str| json!({"required": [key]});
        let actions = ["upstream", "respond", "redirect"].map(action);
        schema.insert("oneOf".into(), json!(actions));
        schema.insert("not".into(), json!({"required": ["path", "prefix"]}));
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = value(key.kind);
    let absent = match key.absent {
        Absent::Refused | Absent::Default(_) => String::new(),
        Absent::Means(words) => format!(" If left out: {words}."),
    };
    schema.insert("description".into(), format!("{}{absent}", key.about).into());
    if let Absent::Default(text) = key.absent {
        let number = matches!(key.kind, Kind::Number { .. } | Kind::Choice(_));
        let number = number.then(|| text.parse::<u64>().ok()).flatten();
        schema.insert("default".into(), number.map_or_else(|| text.into(), Value::from));
    }
    Value::Object(schema)
}

fn value(kind: Kind) -> Map<String, Value> {
    match kind {
        Kind::Table(keys) => table(keys),
        Kind::Tables(keys) => object(&[("type", "array".into()), ("items", Value::Object(table(keys)))]),
        Kind::Fields => object(&[
            ("type", "object".into()),
            ("additionalProperties", json!({"type": "string", "minLength": 1})),
        ]),
        Kind::Texts(form) => texts(form),
        Kind::TextOrTexts(form) => {
            let alternatives = [text(form), texts(form)].map(Value::Object);
            object(&[("anyOf", json!(alternatives))])
        }
        Kind::Text(form) => text(form),
        Kind::Words(words) => {
            let items = Value::Object(or_reference(&json!({"enum": words})));
            object(&[("type", "array".into()), ("minItems", 1.into()), ("items", items)])
        }
        Kind::Word(words) => or_reference(&json!({"enum": words})),
        Kind::Number { low, high } => or_reference(&number(low, high)),
        Kind::Choice(numbers) => or_reference(&json!({"enum": numbers})),
        Kind::Size { low, high } => {
            let with_unit = json!({"type": "string", "pattern": format!("{SIZE}|{REFERENCE}")});
            object(&[("anyOf", json!([number(low, high), with_unit]))])
        }
        Kind::Duration => matching(DURATION),
        Kind::Cut => matching(&format!("{DURATION}|^never$")),
    }
}

fn number(low: u64, high: u64) -> Value {
    let mut schema = json!({"type": "integer", "minimum": low});
    if high != u64::MAX {
        schema["maximum"] = high.into();
    }
    schema
}

fn text(form: Form) -> Map<String, Value> {
    let mut schema = match form.pattern {
        Some(pattern) => matching(pattern),
        None => object(&[("type", "string".into())]),
    };
    if !form.is_secret {
        schema.insert("examples".into(), form.examples.into());
    }
    schema
}

fn texts(form: Form) -> Map<String, Value> {
    object(&[("type", "array".into()), ("items", Value::Object(text(form)))])
}

fn matching(pattern: &str) -> Map<String, Value> {
    let pattern = format!("{pattern}|{REFERENCE}");
    object(&[("type", "string".into()), ("pattern", pattern.into())])
}

fn or_reference(schema: &Value) -> Map<String, Value> {
    let reference = json!({"type": "string", "pattern": REFERENCE});
    object(&[("anyOf", json!([schema, reference]))])
}

fn object(entries: &[(&str, Value)]) -> Map<String, Value> {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}
