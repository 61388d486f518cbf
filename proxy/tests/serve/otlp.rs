//! Spans of reloads, as a collector of OpenTelemetry gets them. It takes the feature `otlp`.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver};

use crate::process::{Process, file};
use crate::support::{PATIENCE, origin, read_head, rename_over};

/// The spans of one request: that of the attempt, and its stages.
#[derive(Debug, PartialEq, Eq)]
struct Trace {
    service: String,
    attempt: String,
    stages: BTreeSet<String>,
}

const ALL: [&str; 7] = [
    "gather", "validate", "plan", "stage", "compile", "commit", "drain",
];

/// What a message of protobuf has below a field, as bytes. Numbers are passed over.
fn below(mut message: &[u8], wanted: u64) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let length = match tag & 7 {
            0 => {
                varint(&mut message);
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut message)).expect("a length"),
            5 => 4,
            other => panic!("a wire type of {other}"),
        };
        let (value, rest) = message.split_at(length);
        if tag >> 3 == wanted {
            found.push(value);
        }
        message = rest;
    }
    found
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first().expect("a byte");
        *message = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn trace(body: &[u8]) -> Trace {
    let resources = below(body, 1);
    let [of_resource] = resources[..] else {
        panic!("{} resources", resources.len())
    };
    let attributes: Vec<_> = below(of_resource, 1)
        .into_iter()
        .flat_map(|it| below(it, 1))
        .collect();
    let service = attributes
        .iter()
        .find(|it| below(it, 1) == [b"service.name"])
        .expect("a name");
    let scopes = below(of_resource, 2);
    let spans: Vec<_> = scopes.into_iter().flat_map(|it| below(it, 2)).collect();
    let parent = |span: &[u8]| below(span, 4).concat();
    let name = |span: &[u8]| text(below(span, 5)[0]);
    let (roots, stages): (Vec<&[u8]>, Vec<&[u8]>) = spans.iter().partition(|span| parent(span).is_empty());
    let [root] = roots[..] else {
        panic!("{} spans without a parent", roots.len())
    };
    let of_root = |span: &&[u8]| parent(span) == below(root, 2)[0] && below(span, 1) == below(root, 1);
    assert!(stages.iter().all(of_root), "a stage of another attempt");
    assert!(stages.len() < 10, "{} stages", stages.len());
    Trace {
        service: text(below(below(service, 2)[0], 1)[0]),
        attempt: name(root),
        stages: stages.into_iter().map(name).collect(),
    }
}

/// A collector of spans.
fn collector() -> (SocketAddr, Receiver<Trace>) {
    let (sender, traces) = mpsc::channel();
    let address = origin(move |mut stream| {
        let head = read_head(&mut stream).to_lowercase();
        assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
        assert!(
            head.contains("content-type: application/x-protobuf\r\n"),
            "{head}"
        );
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .expect("a length");
        let mut body = vec![0; length.parse().expect("a number")];
        stream.read_exact(&mut body).expect("a body");
        let _ = sender.send(trace(&body));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    (address, traces)
}

fn config(generation: &str, rest: &str) -> String {
    format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'}}]\n\
         response_headers: {{set: {{x-generation: {generation}}}}}\n{rest}"
    )
}

fn to(collector: SocketAddr, rest: &str) -> String {
    format!("tracing: {{otlp: {{endpoint: 'http://{collector}'{rest}}}}}\n")
}

fn expected(service: &str, stages: &[&str]) -> Trace {
    Trace {
        service: service.to_owned(),
        attempt: "reload".to_owned(),
        stages: stages.iter().map(|&stage| stage.to_owned()).collect(),
    }
}

#[test]
fn spans_go_where_the_last_change_says_under_the_name_that_it_says() {
    let ((a, at_a), (b, at_b)) = (collector(), collector());
    let next = |traces: &Receiver<Trace>| traces.recv_timeout(PATIENCE).expect("spans");
    let (_folder, path) = file(config("g1", &to(a, "")));
    let mut process = Process::start(&path, &[]);
    assert_eq!(next(&at_a), expected("reloadspec-proxy", &ALL), "of the start");
    rename_over(&path, &config("g2", &to(a, "")));
    assert_eq!(next(&at_a), expected("reloadspec-proxy", &ALL));
    // The level of the log is that of the log.
    let quiet = to(b, ", service_name: two") + "log: {level: error}\n";
    rename_over(&path, &config("g3", &quiet));
    assert_eq!(next(&at_b), expected("two", &ALL), "of the change to it");
    rename_over(&path, "listeners: nonsense\n");
    assert_eq!(
        next(&at_b),
        expected("two", &["gather", "validate"]),
        "of a refusal"
    );
    // To both, so that silence is not taken for slowness.
    rename_over(&path, &config("g4", "log: {level: info}\n"));
    process.line("revision=4");
    rename_over(&path, &config("g5", &to(a, "")));
    assert_eq!(next(&at_a), expected("reloadspec-proxy", &ALL));
    process.signal("-TERM");
    assert!(process.child.wait().expect("an end").success());
    assert!(at_a.try_recv().is_err() && at_b.try_recv().is_err(), "more spans");
}

#[test]
fn a_collector_that_says_nothing_has_the_time_of_the_last_change_and_holds_up_nobody() {
    let silent = origin(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (_folder, path) = file(config("g1", &to(silent, ", timeout: 24h")));
    let mut process = Process::start(&path, &[]);
    rename_over(&path, &config("g2", &to(silent, ", timeout: 24h")));
    process.line("configuration applied");
    rename_over(&path, &config("g3", &to(silent, ", timeout: 100ms")));
    let warning = process.line("spans not exported");
    assert!(warning.contains("within 100ms"), "{warning}");
    rename_over(&path, &config("g4", &to(silent, ", timeout: 24h")));
    process.line("revision=4");
    process.signal("-TERM");
    process.line("stopped");
    assert!(process.child.wait().expect("an end").success());
}

#[test]
fn a_collector_that_is_down_is_worth_one_warning_until_it_is_back() {
    let free = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = free.local_addr().expect("its address");
    drop(free);
    // Not from the start on: the warning may come before the record that says that the proxy has started.
    let (_folder, path) = file(config("g1", ""));
    let process = Process::start(&path, &[]);
    rename_over(&path, &config("g2", &to(address, "")));
    // As may this one before that of the change.
    let warning = process.line("spans not exported");
    assert!(
        warning.contains("WARN") && warning.contains("refused"),
        "{warning}"
    );
    rename_over(&path, &config("g3", &to(address, "")));
    process.line("revision=3");
    process.signal("-TERM");
    let (code, lines) = process.rest();
    assert_eq!(code, Some(0));
    let again = lines.iter().any(|line| line.contains("spans not exported"));
    assert!(!again, "{lines:?}");
}
