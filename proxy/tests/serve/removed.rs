//! What a removed route or listener still has to do, and for how long: `drain.route_timeout` and `drain.listener_timeout`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::admin::{at, call, free};
use crate::support::{PATIENCE, World, connect, gated, get, raw, read_head};

const TIME: Duration = Duration::from_millis(300);

/// A listener with a stream at `/stream`, if it is there, and an answer of the proxy's own everywhere else.
fn streaming(origin: SocketAddr, is_there: bool, more: &str) -> String {
    let stream = if is_there {
        "{path: /stream, upstream: app},"
    } else {
        ""
    };
    format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'}}]\n\
         routes: [{stream} {{respond: {{body: own}}}}]\n\
         upstreams: [{{name: app, endpoints: [{{address: '{origin}'}}]}}]\n{more}\n"
    )
}

/// Begins a request and reads the head of its answer.
fn begin(address: SocketAddr, fields: &str) -> TcpStream {
    let mut stream = connect(address);
    let request = format!("GET /stream HTTP/1.1\r\nHost: test\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).expect("to send");
    read_head(&mut stream);
    stream
}

/// Reads until the other side ends, however it does, and says when that was.
fn ended(stream: &mut TcpStream, since: Instant) -> (String, Duration) {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut bytes);
    (String::from_utf8_lossy(&bytes).into_owned(), since.elapsed())
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

#[test]
fn a_removed_route_finishes_what_it_began_by_default() {
    let (origin, admin) = (gated(HEAD, "late"), free("127.0.0.86"));
    let with_admin = format!("admin: {{{}}}", at(admin));
    let world = World::start(&streaming(origin.address, true, &with_admin));
    let mut stream = begin(world.address(), "Connection: close\r\n");
    world.apply(&streaming(origin.address, false, &with_admin));
    assert_eq!(get(world.address(), "/stream").body, "own");
    // As long as it is answered, the generation that does so is seen.
    assert_eq!(
        call(admin, "GET", "/status").1["draining"]["revisions"],
        json!([1])
    );
    origin.open();
    assert_eq!(ended(&mut stream, Instant::now()).0, "late");
    let deadline = Instant::now() + PATIENCE;
    while call(admin, "GET", "/status").1["draining"]["revisions"] != json!([]) {
        assert!(Instant::now() < deadline, "the generation does not end");
    }
}

#[test]
fn what_a_removed_route_answers_is_cut_off_after_the_time_that_the_change_says() {
    let (stream, tunnel) = (gated(HEAD, "late"), gated(SWITCH, "late"));
    let more = |time: &str| format!("drain: {{route_timeout: {time}}}");
    for (origin, fields) in [
        (&stream, ""),
        (&tunnel, "Connection: upgrade\r\nUpgrade: echo\r\n"),
    ] {
        // The time of the configuration that removes counts, not that of the one that serves.
        let world = World::start(&streaming(origin.address, true, &more("1h")));
        let mut open = begin(world.address(), fields);
        let mut kept = connect(world.address());
        let removed = Instant::now();
        world.apply(&streaming(origin.address, false, &more("300ms")));
        // Neither what comes after it, nor the route's return, makes it live longer.
        world.apply(&streaming(origin.address, true, &more("never")));
        let (rest, after) = ended(&mut open, removed);
        assert!(rest.is_empty() && after >= TIME, "{rest:?} after {after:?}");
        // Who asks for something else is not concerned.
        let request = "GET /own HTTP/1.1\r\nHost: test\r\n\r\n";
        assert_eq!(crate::support::ask(&mut kept, request).body, "own");
        origin.open();
    }
}

#[test]
fn what_arrived_at_a_removed_listener_is_cut_off_after_its_time_or_never() {
    for time in ["300ms", "never"] {
        let origin = gated(HEAD, "late");
        let listeners = |second: &str| {
            format!(
                "listeners: [{{name: web, address: '127.0.0.1:0'}}{second}]\n\
                 drain: {{timeout: 1h, listener_timeout: {time}}}\n\
                 routes: [{{upstream: app}}]\n\
                 upstreams: [{{name: app, endpoints: [{{address: '{}'}}]}}]\n",
                origin.address
            )
        };
        let world = World::start(&listeners(", {name: second, address: '127.0.0.87:0'}"));
        let second = world.proxy.addresses()[0].1.tcp().expect("of TCP");
        assert_eq!(world.proxy.addresses()[0].0.as_str(), "second");
        let mut open = begin(second, "");
        let removed = Instant::now();
        world.apply(&listeners(""));
        if time == "never" {
            origin.open();
            assert_eq!(ended(&mut open, removed).0, "late");
        } else {
            let (rest, after) = ended(&mut open, removed);
            assert!(rest.is_empty() && after >= TIME, "{rest:?} after {after:?}");
        }
    }
}

#[test]
fn a_connection_whose_request_is_done_outlives_its_route() {
    let origin = crate::support::echo("a");
    let more = "drain: {route_timeout: 1ms}";
    let world = World::start(&streaming(origin, true, more));
    let mut kept = connect(world.address());
    let request = "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n";
    assert!(
        crate::support::ask(&mut kept, request)
            .body
            .starts_with("a\nGET /stream")
    );
    world.apply(&streaming(origin, false, more));
    assert_eq!(raw(world.address(), "GET / HTTP/1.0\r\n\r\n").status(), 200);
    assert_eq!(crate::support::ask(&mut kept, request).body, "own");
}

/// Waits until the status says so many: connections are counted once they are accepted, and drain once their worker was told.
fn counted(admin: SocketAddr, of: &str, count: &Value) {
    let deadline = Instant::now() + PATIENCE;
    while call(admin, "GET", "/status").1.pointer(of) != Some(count) {
        assert!(Instant::now() < deadline, "{of} is not {count}");
    }
}

#[test]
fn a_plan_says_what_it_touches_and_its_change_does_just_that() {
    let (origin, admin) = (gated(HEAD, "late"), free("127.0.0.88"));
    let content = |second: &str, route: &str, workers: u8, port: u16| {
        format!(
            "workers: {workers}\nadmin: {{{}}}\ndrain: {{listener_timeout: 1m}}\n\
             listeners: [{{name: web, address: '127.0.0.1:0'}}{second}]\n\
             routes: [{route} {{path: /up, upstream: other}}, {{respond: {{body: own}}}}]\n\
             upstreams: [{{name: app, endpoints: [{{address: '{}'}}]}}, {{name: other, endpoints: [{{address: '127.0.0.1:{port}'}}]}}]\n",
            at(admin),
            origin.address
        )
    };
    let second = ", {name: second, address: '127.0.0.88:0'}";
    let before = content(second, "{path: /stream, upstream: app},", 1, 9);
    let world = World::start(&before);
    let address = |name: &str| {
        let all = world.proxy.addresses();
        let found = all.iter().find(|(known, _)| known.as_str() == name);
        found.expect("a listener").1.tcp().expect("of TCP")
    };
    let (web, gone) = (address("web"), address("second"));
    let mut stream = begin(web, "Connection: close\r\n");
    let mut idle = [connect(web), connect(gone), connect(gone)];
    counted(admin, "/connections", &json!(4));

    let after = content("", "", 2, 10);
    let fields = "Content-Type: application/yaml\r\n";
    let plan = crate::admin::call_with(admin, "POST", "/plan", fields, &after).1;
    let expected = json!({
        "sockets": {"open": [], "close": ["127.0.0.88:0"]},
        "routes": {"of": 2, "touched": 1, "by_upstream": ["*=/up"]},
        "connections": {
            "open": 4, "draining": 0, "kept": 2, "drained_by_listeners": 2, "listeners_cut_after_ms": 60000.0,
            "drained_by_workers": 0
        },
        "requests": {"running": 1, "by_removed_routes": 1, "removed_routes_cut_after_ms": null},
        "workers": {"start": 1, "retire": 0},
    });
    assert_eq!(plan["touches"], expected, "{plan}");
    // To ask changed nothing.
    let status = call(admin, "GET", "/status").1;
    assert_eq!(
        (&status["config_version"], &status["draining"]["connections"]),
        (&json!(1), &json!(0))
    );

    world.apply(&after);
    let request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    let [kept, first, last] = &mut idle;
    assert_eq!(crate::support::ask(kept, request).field("connection"), None);
    for goes in [first, last] {
        assert_eq!(
            crate::support::ask(goes, request).field("connection"),
            Some("close")
        );
    }
    origin.open();
    assert_eq!(ended(&mut stream, Instant::now()).0, "late");

    // Fewer workers: those whose worker goes are told apart.
    drop(stream);
    counted(admin, "/connections", &json!(1));
    let more: Vec<_> = (0..5).map(|_| connect(web)).collect();
    counted(admin, "/connections", &json!(6));
    let fewer = content("", "", 1, 10);
    let plan = crate::admin::call_with(admin, "POST", "/plan", fields, &fewer).1;
    let connections = &plan["touches"]["connections"];
    let goes = connections["drained_by_workers"].as_u64().expect("a count");
    assert!(goes > 0, "{plan}");
    assert_eq!(connections["kept"], json!(6 - goes), "{plan}");
    world.apply(&fewer);
    counted(admin, "/draining/connections", &json!(goes));
    drop(more);
}
