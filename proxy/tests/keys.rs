//! The table of keys is true: the readers take what it says and nothing else, defaults are what it says, and the JSON Schema and the example say
//! the same. Each key is tried in a configuration that is as small as it can be.

mod minted;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonschema::Validator;
use reloadspec_proxy::config::keys::{self, Absent, Form, Key, Kind};
use reloadspec_proxy::config::{Diagnostics, Format, Text, parse, validate};
use reloadspec_proxy::model::Model;
use serde_json::{Value, json};

use minted::{CERTIFICATE, KEY, OWN_CERTIFICATE, OWN_KEY, TRUSTED, minted};

/// A route has one of them, and one of them leads to an upstream.
const ACTIONS: [&str; 4] = [
    "routes[].upstream",
    "routes[].respond",
    "routes[].redirect",
    "upstreams",
];

fn read(document: &Value) -> Result<Model, Diagnostics> {
    let text = document.to_string();
    let text = Text::new("test.json", Format::Json, text.as_bytes())?;
    validate(&parse(text)?, text)
}

/// The codes of all complaints.
fn complaints(document: &Value) -> Vec<&'static str> {
    let diagnostics = read(document).expect_err("a complaint");
    diagnostics.all().iter().map(|one| one.code).collect()
}

fn schema() -> Validator {
    jsonschema::validator_for(&keys::json_schema()).expect("a schema")
}

fn in_package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A valid configuration in which this key can be set, without it.
fn smallest(path: &str) -> Value {
    let mut route = json!({"upstream": "app"});
    for action in ["respond", "redirect"] {
        if path.contains(action) {
            route = json!({action: example_of(&format!("routes[].{action}"))});
        }
    }
    let mut document = json!({
        "listeners": [{"name": "web", "address": "127.0.0.1:8080"}],
        "routes": [route],
        "upstreams": [{"name": "app", "endpoints": [{"address": "127.0.0.1:9000"}]}],
    });
    if path.ends_with("weight") {
        // One of them has to have a weight.
        let two = json!([{"address": "127.0.0.1:9000"}, {"address": "127.0.0.1:9001"}]);
        document["upstreams"][0]["endpoints"] = two;
    }
    if path.starts_with("tracing.") {
        document["tracing"] = json!({"otlp": example_of("tracing.otlp")});
    }
    if path.starts_with("admin") {
        document["admin"] = example_of("admin");
    }
    if path.starts_with("listeners[].tls.") {
        let pair = json!({"certificate": minted(CERTIFICATE), "key": minted(KEY)});
        document["listeners"][0]["tls"] = json!({"certificates": [pair]});
        if path.contains("client_auth") {
            document["listeners"][0]["tls"]["client_auth"] = json!({"ca": minted(CERTIFICATE)});
        }
    }
    if path.starts_with("upstreams[].tls.") {
        document["upstreams"][0]["tls"] = json!({"ca": minted(TRUSTED)});
    }
    remove(&mut document, path);
    document
}

/// The least that a table holds.
fn example_of(path: &str) -> Value {
    let (_, key) = find(path);
    let needed = |key: &&Key| key.absent == Absent::Refused;
    let value = |key: &Key| (key.name.to_owned(), good(key)[0].clone());
    Value::Object(key.kind.keys().iter().filter(needed).map(value).collect())
}

fn find(path: &str) -> (String, Key) {
    let all = keys::all();
    all.into_iter().find(|(other, _)| other == path).expect("a key")
}

/// Every key that this program takes, and not only knows.
fn built() -> Vec<(String, Key)> {
    let is_built = |path: &str| cfg!(feature = "otlp") || !path.starts_with("tracing.otlp");
    keys::all()
        .into_iter()
        .filter(|(path, _)| is_built(path))
        .collect()
}

fn steps(path: &str) -> Vec<&str> {
    path.split('.').collect()
}

/// The table that a key stands in, made if it is not there.
fn parent<'a>(document: &'a mut Value, path: &str) -> &'a mut Value {
    let steps = steps(path);
    let mut table = document;
    for step in &steps[..steps.len() - 1] {
        table = if let Some(list) = step.strip_suffix("[]") {
            &mut table[list][0]
        } else {
            if table[*step].is_null() {
                table[*step] = json!({});
            }
            &mut table[*step]
        };
    }
    table
}

fn put(document: &mut Value, path: &str, value: Value) {
    let name = steps(path).pop().expect("a name").to_owned();
    parent(document, path)[name] = value;
}

fn remove(document: &mut Value, path: &str) {
    let name = steps(path).pop().expect("a name").to_owned();
    if let Some(table) = parent(document, path).as_object_mut() {
        table.remove(&name);
    }
}

fn with(path: &str, value: Value) -> Value {
    let mut document = smallest(path);
    match (path, &value) {
        // A reference leads to what is there.
        ("listeners[].name" | "routes[].listener", _) => document["listeners"][0]["name"] = value.clone(),
        ("upstreams[].name" | "routes[].upstream", _) => {
            document["upstreams"][0]["name"] = value.clone();
            document["routes"][0]["upstream"] = value.clone();
        }
        // One of a pair needs the other.
        (OWN_CERTIFICATE, _) => put(&mut document, OWN_KEY, minted(OWN_KEY).into()),
        (OWN_KEY, _) => put(&mut document, OWN_CERTIFICATE, minted(OWN_CERTIFICATE).into()),
        ("routes[].respond" | "routes[].redirect", _) => document["routes"][0] = json!({}),
        _ => {}
    }
    put(&mut document, path, value);
    document
}

/// A value, as JSON says what the file says.
fn said(key: &Key, text: &str) -> Value {
    match key.kind {
        Kind::Number { .. } | Kind::Choice(_) => text.parse::<u64>().expect("a number").into(),
        _ => text.into(),
    }
}

/// Values that are good, the bounds among them.
fn good(key: &Key) -> Vec<Value> {
    let forms = |form: Form| form.examples.iter().map(|text| json!(text)).collect::<Vec<_>>();
    match key.kind {
        Kind::Table(_) | Kind::Tables(_) => Vec::new(),
        Kind::Fields => vec![json!({}), json!({"x-a": "1", "authorization": "Bearer x"})],
        Kind::Texts(form) => vec![json!([]), json!(form.examples)],
        Kind::TextOrTexts(form) => [vec![json!([]), json!(form.examples)], forms(form)].concat(),
        Kind::Text(form) => forms(form),
        Kind::Words(words) => vec![json!(words), json!([words[0]])],
        Kind::Word(words) => words.iter().map(|word| json!(word)).collect(),
        Kind::Number { low, high } => vec![json!(low), json!(high)],
        Kind::Choice(numbers) => numbers.iter().map(|number| json!(number)).collect(),
        Kind::Size { low, high } => {
            let (low_text, high_text) = (format!("{low}B"), format!("{high}B"));
            vec![
                json!(low),
                json!(high),
                json!(low_text),
                json!(high_text),
                json!("1KiB"),
            ]
        }
        Kind::Duration => ["1ms", "24h", "90s", "5m"].map(|text| json!(text)).to_vec(),
        Kind::Cut => ["never", "1ms", "24h", "5m"].map(|text| json!(text)).to_vec(),
    }
}

/// Values that are not, and whether a schema can say so.
fn bad(key: &Key) -> Vec<(Value, bool)> {
    let by_shape = |values: &[Value]| {
        values
            .iter()
            .map(|value| (value.clone(), true))
            .collect::<Vec<_>>()
    };
    let mut all = match key.kind {
        Kind::Table(_) => vec![(json!({"nonsense": 1}), true), (json!("x"), true)],
        Kind::Tables(_) => by_shape(&[json!([{"nonsense": 1}]), json!("x"), json!({})]),
        Kind::Fields => by_shape(&[
            json!({"x-a": 1}),
            json!({"x-a": ""}),
            json!(["x-a"]),
            json!("x-a"),
        ]),
        Kind::Texts(_) => by_shape(&[json!([1]), json!([""]), json!("x-a"), json!({})]),
        Kind::TextOrTexts(_) => by_shape(&[json!([1]), json!([""]), json!(""), json!({})]),
        Kind::Text(form) if form.pattern.is_some() => {
            by_shape(&[json!(""), json!("with blanks  "), json!(1)])
        }
        Kind::Text(_) => by_shape(&[json!(1), json!([]), json!({})]),
        Kind::Words(words) => by_shape(&[json!([]), json!(["nonsense"]), json!(words[0]), json!([1])]),
        Kind::Word(_) => by_shape(&[json!("nonsense"), json!(""), json!(1), json!([])]),
        Kind::Number { low, high } => {
            let below = low.checked_sub(1).map(|number| json!(number));
            let mut values = vec![json!(high + 1), json!("many"), json!(-1), json!(1.5), json!([])];
            values.extend(below);
            by_shape(&values)
        }
        Kind::Choice(numbers) => {
            let mut values = vec![json!("many"), json!([])];
            let near = numbers.iter().flat_map(|number| [number - 1, number + 1]);
            values.extend(near.filter(|number| !numbers.contains(number)).map(Value::from));
            by_shape(&values)
        }
        Kind::Size { low, high } => {
            let below = low.checked_sub(1);
            let above = high.checked_add(1);
            let mut values = by_shape(&[json!("5KB"), json!("many"), json!(-1), json!("1.5MiB"), json!([])]);
            for number in below.into_iter().chain(above) {
                values.push((json!(number), true));
                values.push((json!(format!("{number}B")), false));
            }
            values
        }
        Kind::Duration | Kind::Cut => {
            let beyond = keys::LONGEST + Duration::from_millis(1);
            let mut values = by_shape(&[
                json!("5"),
                json!(5),
                json!("1.5s"),
                json!("5 s"),
                json!("5d"),
                json!({}),
            ]);
            if key.kind == Kind::Duration {
                values.push((json!("never"), true));
            }
            let beyond = json!(format!("{}ms", beyond.as_millis()));
            values.extend([(json!("0s"), false), (beyond, false)]);
            values
        }
    };
    all.push((Value::Null, true));
    all
}

#[test]
fn each_key_takes_what_the_table_says_and_nothing_else() {
    let schema = schema();
    for (path, key) in built() {
        let is_pem = minted::ALL.contains(&path.as_str());
        let values = if is_pem {
            vec![minted(&path).into()]
        } else {
            good(&key)
        };
        for value in values {
            // One name cannot stand for two listeners, nor a host's name for a field's.
            let document = with(&path, value.clone());
            if let Err(diagnostics) = read(&document) {
                panic!("{path}: {value} is refused: {diagnostics}");
            }
            assert!(schema.is_valid(&document), "{path}: the schema refuses {value}");
        }
        for (value, by_shape) in bad(&key) {
            let document = with(&path, value.clone());
            assert!(read(&document).is_err(), "{path}: {value} is taken");
            assert!(
                !by_shape || !schema.is_valid(&document),
                "{path}: the schema takes {value}"
            );
        }
    }
}

#[test]
fn each_key_that_has_to_be_there_is_missed_and_no_other() {
    let schema = schema();
    for (path, key) in built() {
        let document = smallest(&path);
        if key.absent == Absent::Refused {
            let missed = complaints(&document);
            assert!(
                missed.contains(&"missing-key") || missed.contains(&"no-listeners"),
                "{path}: {missed:?}"
            );
            // What is missing at the top may stand in another part.
            assert!(!schema.is_valid(&document) || !path.contains('.'), "{path}");
        } else if !ACTIONS.contains(&path.as_str()) {
            let read = read(&document);
            assert!(read.is_ok(), "{path}: {}", read.expect_err("a complaint"));
            assert!(schema.is_valid(&document), "{path}");
        }
    }
}

#[test]
fn each_default_means_the_same_as_nothing() {
    let mut tried = 0;
    for (path, key) in built() {
        let Absent::Default(text) = key.absent else {
            continue;
        };
        let without = read(&smallest(&path)).expect("a model");
        let written = read(&with(&path, said(&key, text)));
        let written = written.unwrap_or_else(|diagnostics| panic!("{path}: {diagnostics}"));
        assert_eq!(written, without, "{path}: {text} is not the default");
        tried += 1;
    }
    assert!(tried > 15, "only {tried} defaults");
}

#[cfg(not(feature = "otlp"))]
#[test]
fn what_takes_a_feature_is_refused_without_it_and_the_feature_is_named() {
    let document = smallest("tracing.otlp.service_name");
    let refused = read(&document).expect_err("a complaint");
    assert_eq!(complaints(&document), ["not-built"]);
    assert!(refused.to_string().contains("feature `otlp`"), "{refused}");
    // Editors know the key all the same.
    assert!(schema().is_valid(&document));
}

#[test]
fn what_is_valid_is_valid_for_the_schema() {
    let schema = schema();
    let folder = fs::read_dir(in_package("tests/configs/valid")).expect("a folder");
    let files = folder.map(|entry| entry.expect("an entry").path());
    for file in files.chain([in_package("examples/proxy.yaml")]) {
        let text = fs::read_to_string(&file).expect("a file");
        let text = text.trim_start_matches('\u{feff}');
        let value: Value = match Format::of(&file) {
            Format::Yaml => serde_yaml::from_str(text).expect("YAML"),
            Format::Json => serde_json::from_str(text).expect("JSON"),
            Format::Toml => toml::from_str(text).expect("TOML"),
        };
        if let Err(error) = schema.validate(&value) {
            panic!("{}: {error} at {}", file.display(), error.instance_path());
        }
    }
}

#[test]
fn the_committed_schema_is_that_of_the_table() {
    let committed = fs::read_to_string(in_package("schema/reloadspec-proxy.schema.json")).unwrap_or_default();
    let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(
        committed == keys::json_schema(),
        "the schema is not of this table: run `cargo xtask codegen`"
    );
}

#[test]
fn the_example_and_the_guide_name_every_key() {
    let example = fs::read_to_string(in_package("examples/proxy.yaml")).expect("the example");
    let guide = fs::read_to_string(in_package("README.md")).expect("the guide");
    let text = Text::new("proxy.yaml", Format::Yaml, example.as_bytes()).expect("text");
    let read = parse(text).and_then(|document| validate(&document, text));
    read.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    for (path, key) in keys::all() {
        assert!(
            example.contains(&format!("{}:", key.name)),
            "{path} is not in the example"
        );
        assert!(
            guide.contains(&format!("`{}`", key.name)),
            "{path} is not in the README"
        );
        // What is shown in brackets is what counts where it is left out.
        if let (Absent::Default(default), Kind::Duration | Kind::Cut | Kind::Size { .. }) =
            (key.absent, key.kind)
        {
            assert!(
                example.contains(&format!("[{default}]")),
                "{path}: [{default}] is not in the example"
            );
        }
    }
}
