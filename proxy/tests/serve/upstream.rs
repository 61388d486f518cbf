//! Upstreams that end, fail, stay silent or are spoken to slowly.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, World, ask, config, connect, echo, get, origin, raw, read_answer, read_head};

/// An origin that answers once on each connection, then closes it without a word.
fn one_shot(count: &'static AtomicUsize) -> SocketAddr {
    origin(move |mut stream| {
        let head = read_head(&mut stream);
        if head.is_empty() {
            return;
        }
        count.fetch_add(1, Ordering::SeqCst);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        let _ = read_head(&mut stream);
    })
}

#[test]
fn a_kept_connection_that_ends_costs_no_request() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let world = World::start(&config("g1", one_shot(&COUNT)));
    let mut client = connect(world.address());
    for _ in 0..20 {
        assert_eq!(ask(&mut client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").body, "ok");
    }
    assert_eq!(COUNT.load(Ordering::SeqCst), 20);
}

#[test]
fn a_request_that_may_have_been_acted_upon_is_not_repeated() {
    let (seen, requests) = mpsc::channel();
    let upstream = origin(move |mut stream| {
        let head = read_head(&mut stream);
        if !head.is_empty() {
            let _ = seen.send(());
        }
    });
    let world = World::start(&config("g1", upstream));
    assert_eq!(world.get("/").status(), 502);
    assert_eq!(requests.try_iter().count(), 1);
}

#[test]
fn an_endpoint_that_is_down_is_passed_over() {
    let a = echo("a");
    let world =
        World::start(&config("g1", a).replace("endpoints: [", "endpoints: [{address: '127.0.0.1:1'}, "));
    for _ in 0..6 {
        assert_eq!(world.get("/").status(), 200);
    }
}

#[test]
fn a_silent_upstream_is_given_up() {
    let silent = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.read(&mut [0]);
    });
    let config = config("g1", silent).replace("endpoints:", "timeouts: {response: 50ms}, endpoints:");
    assert_eq!(World::start(&config).get("/").status(), 504);
}

#[test]
fn an_answer_that_breaks_off_breaks_off_for_the_client() {
    let upstream = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    });
    let world = World::start(&config("g1", upstream));
    let mut client = connect(world.address());
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("to send");
    let mut bytes = Vec::new();
    let _ = client.read_to_end(&mut bytes);
    assert!(bytes.ends_with(b"\r\n\r\nhalf"));
}

#[test]
fn a_large_body_is_limited_where_configured() {
    let upstream = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let world = World::start(&(config("g1", upstream) + "limits: {body_bytes: 4}\n"));
    let known = raw(
        world.address(),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345",
    );
    assert_eq!(known.status(), 413);
    let mut client = connect(world.address());
    let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n";
    assert_eq!(ask(&mut client, request).status(), 413);
}

#[test]
fn silent_and_slow_clients_are_closed() {
    let limits = "limits: {idle_timeout: 100ms, header_read_timeout: 100ms, body_read_timeout: 100ms}\n";
    let upstream = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let world = World::start(&(config("g1", upstream) + limits));
    let mut silent = connect(world.address());
    let mut slow = connect(world.address());
    slow.write_all(b"GET / HT").expect("to send");
    assert_eq!(silent.read(&mut [0]).expect("an end"), 0);
    assert_eq!(slow.read(&mut [0]).expect("an end"), 0);
    let mut stalled = connect(world.address());
    stalled
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1")
        .expect("to send");
    assert_eq!(read_answer(&mut stalled).status(), 408);
}

#[test]
fn routes_of_one_listener_are_open_there_only() {
    let world = World::start(
        "listeners: [{name: a, address: '127.0.0.1:0'}, {name: b, address: '127.0.0.2:0'}]\n\
         routes: [{respond: {body: all}}, {listener: b, respond: {body: b}}]\n",
    );
    let address = |position: usize| world.proxy.addresses()[position].1.tcp().expect("of TCP");
    assert_eq!(get(address(0), "/").body, "all");
    assert_eq!(get(address(1), "/").body, "b");
}

#[test]
fn a_client_that_takes_nothing_is_closed() {
    let endless = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 8192]).is_ok() {}
    });
    let whole = format!(
        "routes: [{{prefix: /whole, respond: {{body: {}}}}}, ",
        "x".repeat(16 << 20)
    );
    let config = config("g1", endless).replace("routes: [", &whole) + "limits: {send_timeout: 100ms}\n";
    let world = World::start(&config);
    for path in ["/endless", "/whole"] {
        let mut client = connect(world.address());
        write!(client, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").expect("to send");
        // The answer has begun, so that the connection counts.
        client.read_exact(&mut [0]).expect("a byte");
        let started = Instant::now();
        while world.proxy.connection_count() > 0 {
            assert!(started.elapsed() < PATIENCE, "{path} is still open");
            thread::sleep(Duration::from_millis(10));
        }
    }
}
