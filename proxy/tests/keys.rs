//! The table of keys is true: the readers take what it says and nothing else, defaults are what it says, and the JSON Schema and the example say
//! the same. Each key is tried in a configuration that is as small as it can be.

mod minted;
mod values;

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use reloadspec_proxy::config::keys::{self, Absent, Key, Kind};
use reloadspec_proxy::config::{Diagnostics, Format, Text, parse, validate};
use reloadspec_proxy::model::Model;
use serde_json::{Value, json};

use minted::{CERTIFICATE, ISSUERS, KEY, OWN_CERTIFICATE, OWN_KEY, TRUSTED, minted};
use values::{bad, good};

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");
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
    let found = read(document).expect_err("a complaint");
    found.all().iter().map(|one| one.code).collect()
}

fn schema() -> Validator {
    jsonschema::validator_for(&keys::json_schema()).expect("a schema")
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
    for table in ["rate_limit", "sessions"] {
        if let Some((before, _)) = path.split_once(&format!("{table}.")) {
            let path = format!("{before}{table}");
            put(&mut document, &path, example_of(&path));
        }
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
    if path.starts_with("acme") || path.ends_with("acme_hosts") {
        document["acme"] = example_of("acme");
        document["acme"]["ca"] = minted(ISSUERS).into();
    }
    if path == "listeners[].tls.certificates" {
        document["acme"] = smallest("acme.contact")["acme"].clone();
        document["listeners"][0]["tls"]["acme_hosts"] = json!(["a.example"]);
    }
    if path.starts_with("upstreams[].tls.") {
        document["upstreams"][0]["tls"] = json!({"ca": minted(TRUSTED)});
    }
    if path.starts_with("upstreams[].health.") {
        // gRPC takes it.
        document["upstreams"][0]["protocol"] = json!("http2");
    }
    if path == "upstreams[].health.service" {
        document["upstreams"][0]["health"] = json!({"type": "grpc"});
    }
    if path.starts_with("upstreams[].hash") {
        document["upstreams"][0]["balance"] = json!("hash");
    }
    if path.starts_with("upstreams[].sticky") {
        document["upstreams"][0]["sticky"] = example_of("upstreams[].sticky");
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
    let folder = fs::read_dir(Path::new(PACKAGE).join("tests/configs/valid")).expect("a folder");
    let files = folder.map(|entry| entry.expect("an entry").path());
    for file in files.chain([Path::new(PACKAGE).join("examples/proxy.yaml")]) {
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
    let committed = fs::read_to_string(Path::new(PACKAGE).join("schema/reloadspec-proxy.schema.json"))
        .unwrap_or_default();
    let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(
        committed == keys::json_schema(),
        "the schema is not of this table: run `cargo xtask codegen`"
    );
}

#[test]
fn the_example_and_the_guide_name_every_key() {
    let example = fs::read_to_string(Path::new(PACKAGE).join("examples/proxy.yaml")).expect("the example");
    let guide = fs::read_to_string(Path::new(PACKAGE).join("README.md")).expect("the guide");
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
