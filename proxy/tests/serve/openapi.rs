//! `schema/admin.openapi.yaml` is true: each path, method, status and body that the server knows is described, and nothing else is.
//!
//! Nothing here waits for the watcher: whoever asks for a reload is answered when it serves. Every answer is held against the document; at the end, what was never answered must be among what cannot be brought about in a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::admin::{at, free, request, with_admin};
use crate::authority::Authority;
use crate::support::{Answer, PATIENCE, World, connect, echo, gated, raw, read_answer, rename_over};

/// What it takes half a minute, 64 MiB or a fault of the proxy itself to see.
const UNSEEN: [(&str, &str, &str); 6] = [
    ("get", "/metrics", "500"),
    ("get", "/plan", "500"),
    ("post", "/plan", "500"),
    ("post", "/plan", "408"),
    ("post", "/plan", "413"),
    ("post", "/rollback", "408"),
];

const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const TOKEN: &str = "canary-0123456789";

/// The document, and what was seen of it.
struct Contract {
    document: Value,
    seen: BTreeSet<(String, String, String)>,
    /// Names of members of bodies.
    members: BTreeSet<String>,
}

impl Contract {
    fn open() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/admin.openapi.yaml");
        let text = fs::read_to_string(path).expect("the document");
        Self {
            document: serde_yaml::from_str(&text).expect("YAML"),
            seen: BTreeSet::new(),
            members: BTreeSet::new(),
        }
    }

    /// Every operation with its statuses.
    fn operations(&self) -> BTreeMap<(String, String), BTreeSet<String>> {
        let mut operations = BTreeMap::new();
        for (path, methods) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let statuses = operation["responses"].as_object().expect("responses");
                operations.insert((method.clone(), path.clone()), statuses.keys().cloned().collect());
            }
        }
        operations
    }

    /// What a reference leads to, or the value itself.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self
                .document
                .pointer(&reference[1..])
                .expect("what is referred to"),
            None => value,
        }
    }

    /// Asks, and holds the answer against the document.
    fn ask(&mut self, address: SocketAddr, method: &str, path: &str, fields: &str, body: &str) -> Answer {
        let answer = raw(address, &request(method, path, fields, body));
        self.hold(method, path, &answer);
        answer
    }

    fn hold(&mut self, method: &str, path: &str, answer: &Answer) {
        let (method, status) = (method.to_lowercase(), answer.status().to_string());
        let what = format!("{method} {path} {status}");
        let response = &self.document["paths"][path][&method]["responses"][&status];
        assert!(!response.is_null(), "{what} is not in the document: {answer:?}");
        let content = self.resolved(response)["content"].as_object().expect("content");
        let given = answer.field("content-type").expect("a content type");
        let known = content.iter().find(|(known, _)| given.starts_with(*known));
        let (_, described) = known.unwrap_or_else(|| panic!("{what}: {given}"));
        if given.contains("json") {
            let body: Value = serde_json::from_str(&answer.body).expect("JSON");
            let mut schema = described["schema"].clone();
            schema["components"] = self.document["components"].clone();
            let validator = jsonschema::draft202012::new(&schema).expect("a schema");
            if let Err(error) = validator.validate(&body) {
                panic!("{what}: {error} at {}: {body}", error.instance_path());
            }
            members(&body, &mut self.members);
        }
        self.seen.insert((method, path.to_owned(), status));
    }
}

fn members(body: &Value, found: &mut BTreeSet<String>) {
    match body {
        Value::Object(entries) => {
            for (name, value) in entries {
                found.insert(name.clone());
                // What is below is the form of the file, which has a schema of its own.
                if name != "config" {
                    members(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, found)),
        _ => {}
    }
}

/// Names of members that schemas describe.
fn described(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries {
                if let ("properties", Some(properties)) = (key.as_str(), value.as_object()) {
                    found.extend(properties.keys().cloned());
                }
                described(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| described(item, found)),
        _ => {}
    }
}

/// What the status says of certificates: one of the configuration, and one that is still to be obtained, from nobody.
fn with_certificates(contract: &mut Contract, world: &World, admin: SocketAddr, config: &str) {
    let authority = Authority::new();
    let pair = authority.issue("a.example");
    let at = |name: &str| world.folder.path().join(name);
    fs::write(at("pair.pem"), pair.certificate + &pair.key).expect("a file");
    fs::write(at("ca.pem"), authority.0.pem()).expect("a file");
    let listener = "listeners: [{name: secure, address: '127.0.0.98:0', tls: {certificates: [{certificate: '${file:pair.pem}', \
                    key: '${file:pair.pem}'}], acme_hosts: [b.example]}}, ";
    let directory = format!("https://{}/directory", free("127.0.0.97"));
    let storage = at("storage").display().to_string();
    let acme = format!(
        "acme: {{directory: '{directory}', terms_of_service: agreed, ca: '${{file:ca.pem}}', storage: {storage}}}\n"
    );
    world.apply(&(config.replacen("listeners: [", listener, 1) + &acme));
    let deadline = Instant::now() + PATIENCE;
    while !contract
        .ask(admin, "GET", "/status", "", "")
        .body
        .contains("next_order")
    {
        assert!(Instant::now() < deadline, "nobody orders");
        thread::sleep(Duration::from_millis(5));
    }
    world.apply(config);
}

#[test]
fn the_document_and_the_server_say_the_same() {
    let mut contract = Contract::open();
    let operations = contract.operations();
    let (app, admin) = (echo("a"), free("127.0.0.90"));
    let limited =
        "name: app, breaker: {}, rate_limit: {rate: 1000/s, by: client_address}, sessions: {max: 9}";
    let good = |stamp: &str| {
        let limits = "rate_limit: {rate: 1000/s}\n";
        let text = with_admin(stamp, app, &at(admin)).replace("name: app", limited) + limits;
        text.replace(
            "endpoints: [",
            "endpoints: [{address: 'localhost:1', weight: 0}, ",
        )
    };
    let world = World::start(&good("g1"));

    // The same paths, and of each the same methods.
    let nowhere = raw(admin, &request("GET", "/nowhere", "", ""));
    let nowhere: Value = serde_json::from_str(&nowhere.body).expect("JSON");
    let known = nowhere["detail"]
        .as_str()
        .expect("text")
        .strip_prefix("known are ");
    let known: BTreeSet<&str> = known.expect("a list").split(' ').collect();
    let paths: BTreeSet<&str> = operations.keys().map(|(_, path)| path.as_str()).collect();
    assert_eq!(paths, known);
    for path in known {
        for method in METHODS {
            let is_described = operations.contains_key(&(method.to_lowercase(), path.to_owned()));
            let status = raw(admin, &request(method, path, "If-Match: nonsense\r\n", "x")).status();
            assert_eq!(status != 405, is_described, "{method} {path}: {status}");
            if is_described {
                contract.ask(admin, method, path, "Origin: http://evil.example\r\n", "");
            }
        }
    }

    with_certificates(&mut contract, &world, admin, &good("g1"));

    // What is good.
    for path in [
        "/status",
        "/config",
        "/revisions",
        "/metrics",
        "/plan",
        "/healthz",
        "/readyz",
    ] {
        contract.ask(admin, "GET", path, "", "");
    }
    let open_metrics = "Accept: application/openmetrics-text\r\n";
    contract.ask(admin, "GET", "/metrics", open_metrics, "");
    contract.ask(
        admin,
        "POST",
        "/plan",
        "",
        &(good("g2") + "workers: 1\nlog: {level: debug}\n"),
    );
    contract.ask(admin, "POST", "/reload", "", "");
    rename_over(&world.config, &good("g2"));
    contract.ask(admin, "POST", "/reload", "", "");
    contract.ask(admin, "POST", "/rollback", "", r#"{"revision": 1}"#);
    contract.ask(admin, "POST", "/reload", "", "");
    contract.ask(admin, "GET", "/revisions", "", "");

    // What is refused.
    for (path, body) in [("/reload", ""), ("/rollback", r#"{"revision": 1}"#)] {
        contract.ask(admin, "POST", path, "If-Match: nonsense\r\n", body);
        contract.ask(admin, "POST", path, "If-Match: \"0000000000000000\"\r\n", body);
    }
    contract.ask(admin, "POST", "/rollback", "", "{}");
    contract.ask(admin, "POST", "/rollback", "", r#"{"revision": 99}"#);
    contract.ask(admin, "POST", "/rollback", "", &" ".repeat(5000));
    contract.ask(
        admin,
        "POST",
        "/plan",
        "",
        "workers: many\nlisteners: [{name: a, address: '127.0.0.1:1'}, {name: a}]",
    );
    contract.ask(admin, "POST", "/plan", "", "[");
    let broken = "POST /plan HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    let broken = raw(admin, broken);
    contract.hold("POST", "/plan", &broken);
    rename_over(&world.config, &(good("g3") + "workers: many\n"));
    contract.ask(admin, "POST", "/reload", "", "");
    contract.ask(admin, "GET", "/plan", "", "");
    contract.ask(admin, "GET", "/status", "", "");
    contract.ask(admin, "GET", "/revisions", "", "");
    fs::remove_file(&world.config).expect("a removal");
    contract.ask(admin, "POST", "/reload", "", "");
    contract.ask(admin, "GET", "/plan", "", "");

    // An address that somebody else has, asked for by a file and by a revision.
    let place = free("127.0.0.91");
    let moved = good("g4").replace("127.0.0.1:0", &place.to_string());
    fs::write(&world.config, &moved).expect("a file");
    contract.ask(admin, "POST", "/reload", "", "");
    let revision = world.proxy.revision();
    fs::write(&world.config, good("g5")).expect("a file");
    contract.ask(admin, "POST", "/reload", "", "");
    let taken = TcpListener::bind(place).expect("the address that is free again");
    contract.ask(
        admin,
        "POST",
        "/rollback",
        "",
        &json!({"revision": revision}).to_string(),
    );
    fs::write(&world.config, &moved).expect("a file");
    contract.ask(admin, "POST", "/reload", "", "");
    drop(taken);

    without_the_token(&mut contract);
    while_it_stops(&mut contract);

    let mut described_members = BTreeSet::new();
    described(
        &contract.document["components"]["schemas"],
        &mut described_members,
    );
    let unseen: Vec<_> = described_members.difference(&contract.members).collect();
    assert!(unseen.is_empty(), "described and never answered: {unseen:?}");
    for ((method, path), statuses) in &operations {
        for status in statuses {
            let (method, path, status) = (method.as_str(), path.as_str(), status.as_str());
            let is_seen = contract
                .seen
                .contains(&(method.to_owned(), path.to_owned(), status.to_owned()));
            let is_excused = UNSEEN.contains(&(method, path, status));
            assert!(is_seen != is_excused, "{method} {path} {status}: seen: {is_seen}");
        }
    }
}

fn without_the_token(contract: &mut Contract) {
    let admin = free("127.0.0.92");
    let secured = format!("{}, token: {TOKEN}", at(admin));
    let _world = World::start(&with_admin("g1", echo("a"), &secured));
    for (method, path) in contract.operations().into_keys() {
        let answer = contract.ask(admin, &method.to_uppercase(), &path, "", "");
        let is_open = path == "/healthz" || path == "/readyz";
        assert_eq!(answer.status() == 401, !is_open, "{method} {path}");
    }
}

fn while_it_stops(contract: &mut Contract) {
    let slow = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast");
    let admin = free("127.0.0.93");
    let world = World::start(&with_admin("g1", slow.address, &at(admin)));
    let mut client = connect(world.address());
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("to send");
    slow.arrived();
    let proxy = world.proxy;
    let stopping = thread::spawn(move || proxy.shutdown());
    let deadline = Instant::now() + PATIENCE;
    while contract.ask(admin, "GET", "/readyz", "", "").status() != 503 {
        assert!(Instant::now() < deadline, "still ready");
    }
    contract.ask(admin, "GET", "/healthz", "", "");
    contract.ask(admin, "GET", "/status", "", "");
    contract.ask(admin, "POST", "/reload", "", "");
    contract.ask(admin, "POST", "/rollback", "", r#"{"revision": 1}"#);
    slow.open();
    assert_eq!(read_answer(&mut client).body, "last");
    stopping.join().expect("an end");
}
