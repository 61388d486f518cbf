//! Connections by TLS that have to end: because their listener asks something else now, or because nobody takes what is sent.

use std::fs;
use std::io::{Read, Write};

use rustls::HandshakeKind::Resumed;

use crate::authority::Authority;
use crate::support::{PATIENCE, connect, echo};
use crate::tls::{ask, config, read_head_of, secure, world};

/// One request on a connection that is kept.
fn ask_again(stream: &mut (impl Read + Write)) -> u16 {
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
        .expect("to send");
    let head = read_head_of(stream);
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse().ok());
    let mut body = vec![0; length.expect("a length")];
    stream.read_exact(&mut body).expect("a body");
    head[9..12].parse().expect("a status")
}

/// Whoever is to go is told so where it asks again, or finds that it was let go politely.
fn is_turned_away(stream: &mut (impl Read + Write)) -> bool {
    // It may be closed already.
    let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let all = String::from_utf8_lossy(&all).into_owned();
    all.is_empty() || (all.starts_with("HTTP/1.1 421 ") && all.contains("connection: close"))
}

#[test]
fn who_came_before_a_listener_asked_for_more_is_not_served_any_more() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let pair = authority.issue("a.example");
    let client = authority.client(None);
    let origin = echo("app");
    let text = config(origin, &["a"], "");
    let clear = text.replace(
        ", tls: {certificates: [{certificate: '${file:a.pem}', key: '${file:a.key}'}]}",
        "",
    );
    let world = world(&[("a", &pair)], &clear);
    fs::write(world.folder.path().join("clients.pem"), clients.0.pem()).expect("a file");
    let mut plain = connect(world.address());
    assert_eq!(ask_again(&mut plain), 200);
    world.apply(&text);
    assert!(is_turned_away(&mut plain));

    let mut kept = secure(&client, world.address(), "a.example");
    let mut early = secure(&client, world.address(), "a.example");
    let mut idle = secure(&client, world.address(), "a.example");
    assert_eq!((ask_again(&mut kept), ask_again(&mut idle)), (200, 200));
    // What has nothing to do with who may come ends nothing.
    let rest = "response_headers: {set: {x-generation: g2}}\n";
    world.apply(&(text.clone() + rest));
    assert_eq!(ask_again(&mut kept), 200);
    let asks = config(
        origin,
        &["a"],
        ", client_auth: {ca: '${file:clients.pem}', mode: required}",
    );
    world.apply(&asks);
    assert!(is_turned_away(&mut kept));
    // Its hands were shaken after the change, by what counted when it was accepted.
    assert!(is_turned_away(&mut early));
    // Who asks for nothing is shown the door.
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).expect("a polite end");
    assert!(rest.is_empty());
}

#[test]
fn a_listener_by_another_name_is_the_same_to_those_who_came_to_it() {
    let authority = Authority::new();
    let pair = authority.issue("a.example");
    let client = authority.client(None);
    let text = config(echo("app"), &["a"], "");
    let world = world(&[("a", &pair)], &text);
    let address = world.address();
    let mut kept = secure(&client, address, "a.example");
    assert_eq!(ask_again(&mut kept), 200);
    assert_eq!(ask(&client, address, "a.example").expect("an answer").1, Resumed);
    world.apply(&text.replace("name: web", "name: shop"));
    assert_eq!(ask_again(&mut kept), 200);
    assert_eq!(ask(&client, address, "a.example").expect("an answer").1, Resumed);
}

#[test]
fn who_takes_nothing_of_an_answer_by_tls_has_the_same_time_as_in_the_clear() {
    const STEP: usize = 60_000;
    const CLIENTS: usize = 70;
    let authority = Authority::new();
    let pair = authority.issue("a.example");
    let client = authority.client(None);
    let origin = crate::support::origin(|mut stream| {
        let head = crate::support::read_head(&mut stream);
        let size: usize = head[5..]
            .split(' ')
            .next()
            .and_then(|size| size.parse().ok())
            .unwrap_or(0);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
        // Whoever asked may take nothing.
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(&vec![0; size]));
    });
    let limits = "limits: {send_timeout: 500ms, idle_timeout: 1s}\n";
    let world = world(&[("a", &pair)], &(config(origin, &["a"], "") + limits));
    // Some of the answers fit but for a piece that waits in the proxy.
    let open: Vec<_> = (1..=CLIENTS)
        .map(|number| {
            let mut stream = secure(&client, world.address(), "a.example");
            let path = number * STEP;
            write!(stream, "GET /{path} HTTP/1.1\r\nHost: a.example\r\n\r\n").expect("to send");
            stream.flush().expect("to send");
            stream
        })
        .collect();
    let deadline = std::time::Instant::now() + PATIENCE;
    while world.proxy.connection_count() > 0 {
        let left = world.proxy.connection_count();
        assert!(
            std::time::Instant::now() < deadline,
            "{left} connections do not end"
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    drop(open);
}
