//! How requests and answers go through.

use std::io::{Read, Write};

use crate::support::{World, ask, config, connect, echo, origin, raw, read_head};

const ROUTES: &str = "
listeners: [{name: web, address: '127.0.0.1:0'}]
response_headers: {set: {x-everywhere: 'yes'}}
routes:
  - {prefix: /, respond: {body: any}}
  - {prefix: /a, respond: {body: a}}
  - {prefix: /a/b/, respond: {body: a/b}}
  - {path: /a/b, respond: {body: exact}}
  - {host: '*.example.org', prefix: /, respond: {body: suffix}}
  - {host: '*.x.example.org', prefix: /, respond: {body: longer suffix}}
  - {host: www.example.org, prefix: /w, respond: {body: host}}
  - {prefix: /old, redirect: {status: 308, location: 'https://example.org/new'}}
  - {prefix: /down, upstream: down}
  - {prefix: /edited, respond: {status: 204}, response_headers: {remove: [x-everywhere], set: {x-own: own}}}
upstreams: [{name: down, endpoints: [{address: '127.0.0.1:1'}]}]
";

#[test]
fn the_most_specific_route_answers() {
    let world = World::start(ROUTES);
    let ask = |host: &str, path: &str| {
        raw(
            world.address(),
            &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        )
        .body
    };
    for (host, path, expected) in [
        ("h", "/", "any"),
        ("h", "/ab", "any"),
        ("h", "/a", "a"),
        ("h", "/a/x/y?q=/a/b", "a"),
        ("h", "/a/b", "exact"),
        ("h", "/a/b/", "a/b"),
        ("h", "/a/b/c/d/e/f", "a/b"),
        ("example.org", "/", "any"),
        ("WWW.Example.org:8080", "/w/1", "host"),
        ("www.example.org.", "/w", "host"),
        ("www.example.org", "/", "suffix"),
        ("b.x.example.org", "/a", "longer suffix"),
    ] {
        assert_eq!(ask(host, path), expected, "{host} {path}");
    }
}

#[test]
fn answers_of_the_proxy_itself_are_edited_too() {
    let world = World::start(ROUTES);
    let redirect = world.get("/old/x");
    assert_eq!(
        (redirect.status(), redirect.field("location")),
        (308, Some("https://example.org/new"))
    );
    let down = world.get("/down");
    assert_eq!((down.status(), down.field("x-everywhere")), (502, Some("yes")));
    let edited = world.get("/edited");
    assert_eq!(
        (
            edited.status(),
            edited.field("x-everywhere"),
            edited.field("x-own")
        ),
        (204, None, Some("own"))
    );
    let lost =
        World::start("listeners: [{name: web, address: '127.0.0.1:0'}]\nresponse_headers: {set: {x-e: '1'}}");
    assert_eq!(
        (lost.get("/").status(), lost.get("/").field("x-e")),
        (404, Some("1"))
    );
}

#[test]
fn what_is_not_sound_is_refused() {
    let world = World::start(ROUTES);
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /a/..%2f..%2fb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            400,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            501,
        ),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
    ] {
        let answer = raw(world.address(), request);
        assert_eq!(answer.status(), status, "{request}\n{answer:?}");
    }
    // Both framings at once: chunked counts, and nothing that follows is taken for a request (RFC 9112 §6.3).
    let both =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let both = raw(world.address(), both);
    assert_eq!(
        (both.status(), both.field("connection"), both.body.as_str()),
        (200, Some("close"), "any")
    );
    let old = raw(world.address(), "GET /a HTTP/1.0\r\n\r\n");
    assert_eq!((old.status(), old.body.as_str()), (200, "a"));
}

#[test]
fn what_belongs_to_a_connection_stays_there() {
    let upstream = origin(|mut stream| {
        let head = read_head(&mut stream);
        let fields = "connection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=9\r\nx-end: 2\r\n";
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\n{fields}content-length: {}\r\n\r\n{head}",
            head.len()
        );
    });
    let world = World::start(&config("g1", upstream));
    let answer = raw(
        world.address(),
        "GET http://absolute:81/p HTTP/1.1\r\nHost: ignored\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTE: gzip\r\n\
         Proxy-Connection: keep-alive\r\nX-Forwarded-For: 1.2.3.4\r\nAuthorization: client\r\nX-End: 2\r\n\r\n",
    );
    let sent = answer.body.to_lowercase();
    for absent in ["x-hop", "\nte:", "proxy-connection", "ignored", "client"] {
        assert!(!sent.contains(absent), "{absent} in {sent}");
    }
    for present in [
        "get /p http/1.1",
        "host: absolute:81",
        "x-end: 2",
        "x-forwarded-for: 1.2.3.4, 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: absolute:81",
        "via: 1.1 reloadspec",
        "authorization: bearer g1",
    ] {
        assert!(sent.contains(present), "{present} not in {sent}");
    }
    assert_eq!(
        (
            answer.field("x-hop"),
            answer.field("keep-alive"),
            answer.field("x-end")
        ),
        (None, None, Some("2"))
    );
    assert_eq!(answer.field("via"), Some("1.1 reloadspec"));
}

#[test]
fn a_head_has_no_body_and_keeps_its_length() {
    let upstream = origin(|mut stream| {
        while read_head(&mut stream).starts_with("HEAD") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
        }
    });
    let world = World::start(&config("g1", upstream));
    let answer = raw(
        world.address(),
        "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(
        (answer.field("content-length"), answer.body.as_str()),
        (Some("5"), "")
    );
}

#[test]
fn an_expectation_is_met_and_the_body_arrives() {
    let upstream = origin(|mut stream| {
        let head = read_head(&mut stream);
        assert!(head.contains("content-length: 4"), "{head}");
        let mut body = [0; 4];
        stream.read_exact(&mut body).expect("a body");
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n");
        let _ = stream.write_all(&body);
    });
    let world = World::start(&config("g1", upstream));
    let mut client = connect(world.address());
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    client.write_all(head.as_bytes()).expect("to send");
    assert_eq!(read_head(&mut client), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(ask(&mut client, "body").body, "body");
}

#[test]
fn bodies_flow_both_ways_piece_by_piece() {
    // The origin answers each piece when it comes; with any buffering in between, nobody would get further.
    let upstream = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n");
        let mut piece = [0; 8];
        for _ in 0..3 {
            // One chunk: `3\r\nabc\r\n`.
            stream.read_exact(&mut piece).expect("a piece");
            stream.write_all(&piece).expect("to send");
        }
        let _ = stream.write_all(b"0\r\nx-sum: 3\r\n\r\n");
        let _ = stream.read(&mut piece);
    });
    let world = World::start(&config("g1", upstream));
    let mut client = connect(world.address());
    let head =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: TE\r\nTE: trailers\r\n\r\n";
    client.write_all(head.as_bytes()).expect("to send");
    let head = read_head(&mut client);
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    for piece in ["abc", "def", "ghi"] {
        write!(client, "3\r\n{piece}\r\n").expect("to send");
        let mut echoed = [0; 8];
        client.read_exact(&mut echoed).expect("an echo");
        assert_eq!(&echoed[3..6], piece.as_bytes());
    }
    client.write_all(b"0\r\n\r\n").expect("to send");
    assert_eq!(read_head(&mut client), "0\r\nx-sum: 3\r\n\r\n");
}

#[test]
fn a_tunnel_carries_bytes_both_ways_and_outlives_changes() {
    let upstream = origin(|mut stream| {
        let head = read_head(&mut stream).to_lowercase();
        assert!(
            head.contains("connection: upgrade") && head.contains("upgrade: echo"),
            "{head}"
        );
        let _ = stream.write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello",
        );
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut bytes) {
            let _ = stream.write_all(&bytes[..count]);
        }
    });
    let world = World::start(&config("g1", upstream));
    let mut client = connect(world.address());
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly";
    client.write_all(request.as_bytes()).expect("to send");
    let head = read_head(&mut client).to_lowercase();
    assert!(
        head.starts_with("http/1.1 101") && head.contains("upgrade: echo"),
        "{head}"
    );
    let mut bytes = [0; 10];
    client.read_exact(&mut bytes).expect("both");
    assert_eq!(&bytes, b"helloearly");
    for stamp in ["g2", "g3"] {
        world.apply(&config(stamp, echo("other")));
        client.write_all(stamp.as_bytes()).expect("to send");
        let mut echoed = [0; 2];
        client.read_exact(&mut echoed).expect("an echo");
        assert_eq!(&echoed, stamp.as_bytes());
    }
}

#[test]
fn a_refused_upgrade_is_an_ordinary_answer() {
    let world = World::start(&config("g1", echo("a")));
    let mut client = connect(world.address());
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    assert_eq!(ask(&mut client, request).status(), 200);
    assert_eq!(
        ask(&mut client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status(),
        200
    );
    let hidden = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n";
    let sent = ask(&mut client, hidden).body.to_lowercase();
    assert!(!sent.contains("upgrade") && !sent.contains("http2"), "{sent}");
}
