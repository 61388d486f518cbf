//! Every setting is live: each key of the table is changed while a proxy runs, and what it changes is seen from outside, without a restart.
//!
//! What one request shows stands in a row below; what takes more has a test of its own, which the row names.

mod rows;

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use reloadspec_proxy::config::keys;

use crate::support::{PATIENCE, World, connect, echo, gated, origin, read_head};

/// What shows that a key is live.
enum Shown {
    /// The rest of a configuration before and after, a request, and a text that is in what comes back after the change and not before.
    Appears(&'static str, &'static str, &'static str, &'static str),
    /// The same, the other way round.
    Vanishes(&'static str, &'static str, &'static str, &'static str),
    /// A test, by its file and name.
    By(&'static str, &'static str),
}
use Shown::{Appears, By, Vanishes};
use rows::ROWS;

/// How long it takes to believe that nothing comes.
const SILENCE: Duration = Duration::from_millis(400);
/// What stands at the end of what came back if the proxy has closed the connection.
const CLOSED: &str = "(closed)";

const WEB: &str = "listeners: [{name: web, address: '127.0.0.1:0'}]\n";
const APP: &str = "routes: [{upstream: app}]\nupstreams: [{name: app, endpoints: [{address: A}]}]\n";
const SILENT: &str = "routes: [{upstream: app}]\nupstreams: [{name: app, endpoints: [{address: SILENT}]}]\n";
const HALF: &str = "routes: [{upstream: app}]\nupstreams: [{name: app, endpoints: [{address: HALF}]}]\n";
const GET: &str = "GET /live/below HTTP/1.1\r\nHost: live.test\r\nX-Gone: 1\r\nConnection: close\r\n\r\n";
const KEPT: &str = "GET / HTTP/1.1\r\nHost: live.test\r\n\r\n";
const EXACT: &str = "GET /live HTTP/1.1\r\nHost: live.test\r\nConnection: close\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: live.test\r\nContent-Length: 10\r\nConnection: close\r\n\r\n";
const BEGUN: &str = "GET / HTTP/1.1\r\nHo";

/// The servers behind the proxy.
struct Origins {
    a: SocketAddr,
    b: SocketAddr,
    /// Takes requests and says nothing.
    silent: SocketAddr,
    /// Begins an answer and does not end it.
    half: SocketAddr,
    /// Lets no connection come about.
    hole: SocketAddr,
    _queued: (socket2::Socket, TcpStream),
}

impl Origins {
    fn start() -> Self {
        let wait = |mut stream: TcpStream| {
            let _ = stream.read_to_end(&mut Vec::new());
        };
        let half = move |mut stream: TcpStream| {
            read_head(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Origin: 1\r\nContent-Length: 4\r\n\r\nla");
            wait(stream);
        };
        let hole =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        hole.bind(&any.into()).expect("an address");
        hole.listen(0).expect("a queue");
        let address = hole.local_addr().expect("its address");
        let address = address.as_socket().expect("of IP");
        let queued = TcpStream::connect(address).expect("the only place");
        Self {
            a: echo("a"),
            b: echo("b"),
            silent: origin(wait),
            half: origin(half),
            hole: address,
            _queued: (hole, queued),
        }
    }

    /// A whole configuration of what a row says.
    fn config(&self, rest: &str) -> String {
        let argument = rest
            .split_once('(')
            .map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let of_app = |endpoint: &str, route: &str, more: &str| {
            format!(
                "routes: [{{upstream: app{route}}}]\nupstreams: [{{name: app, endpoints: [{{address: {endpoint}}}]{more}}}]\n"
            )
        };
        let route = format!(", {argument}");
        let timeouts = format!(", timeouts: {{{argument}}}");
        let rest = match rest.split('(').next().unwrap_or_default() {
            "OTHER" => of_app("B", "", ""),
            "OF_ROUTE" => of_app("A", &route, ""),
            "OF_SILENT" => of_app("SILENT", &route, ""),
            "OF_HALF" => of_app("HALF", &route, ""),
            "HOLE" => of_app("HOLE", "", &timeouts),
            "WAITING" => of_app("SILENT", "", &timeouts),
            "STALLED" => of_app("HALF", "", &timeouts),
            "WEIGHTS" => {
                let (a, b) = argument.split_once(", ").expect("two weights");
                format!(
                    "routes: [{{upstream: app}}]\nupstreams: [{{name: app, endpoints: \
                     [{{address: A, weight: {a}}}, {{address: B, weight: {b}}}]}}]\n"
                )
            }
            _ => rest.to_owned(),
        };
        let two = |a: &str, b: &str| {
            format!(
                "upstreams: [{{name: {a}, endpoints: [{{address: A}}]}}, {{name: {b}, endpoints: [{{address: B}}]}}]\n"
            )
        };
        let rest = match rest.rsplit_once('\n').unwrap_or(("", &rest)) {
            (before, "APP") => format!("{before}\n{APP}"),
            (before, "SILENT") => format!("{before}\n{SILENT}"),
            (before, "HALF") => format!("{before}\n{HALF}"),
            (before, "TWO") => format!("{before}\n{}", two("a", "b")),
            (before, "SWAPPED") => format!("{before}\n{}", two("b", "a")),
            _ => rest,
        };
        let mut config = format!("{WEB}{rest}");
        for (name, address) in [
            ("A", self.a),
            ("B", self.b),
            ("SILENT", self.silent),
            ("HALF", self.half),
            ("HOLE", self.hole),
        ] {
            config = config.replace(&format!("address: {name}"), &format!("address: '{address}'"));
        }
        config
    }
}

/// What comes back, until `sign` is in it, the connection is closed, or nothing comes for a while.
fn said(world: &World, request: &str, sign: &str, patience: Duration) -> String {
    let mut stream = connect(world.address());
    stream.set_read_timeout(Some(patience)).expect("a time-out");
    let request = request.replace("LONG", &"x".repeat(2000));
    stream.write_all(request.as_bytes()).expect("to send");
    if request == POST {
        let _ = stream.write_all(b"1");
    }
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    while !text.contains(sign) {
        match stream.read(&mut bytes) {
            Ok(0) => return text + CLOSED,
            Ok(length) => text += &String::from_utf8_lossy(&bytes[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(_) => return text + CLOSED,
        }
    }
    text
}

fn show(
    origins: &Origins,
    path: &str,
    (before, after): (&str, &str),
    request: &str,
    sign: &str,
    appears: bool,
) {
    let world = World::start(&origins.config(before));
    fs::write(
        world.folder.path().join("more.yaml"),
        "routes: [{respond: {body: of the part}}]\n",
    )
    .expect("a part");
    // Somebody is there already, for whom a bound on connections counts.
    let held = connect(world.address());
    let deadline = Instant::now() + PATIENCE;
    while world.proxy.connection_count() == 0 {
        assert!(Instant::now() < deadline, "nobody is let in");
    }
    for (there, moment) in [(!appears, "before"), (appears, "after")] {
        if moment == "after" {
            world.apply(&origins.config(after));
        }
        let said = said(&world, request, sign, if there { PATIENCE } else { SILENCE });
        assert_eq!(said.contains(sign), there, "{path}, {moment}: {said:?}");
    }
    // There are many rows, and the system has few watches for all proxies of a process.
    drop(held);
    world.proxy.shutdown();
}

#[test]
fn each_setting_that_one_request_shows_is_live() {
    let origins = Origins::start();
    for (path, shown) in ROWS {
        match *shown {
            Appears(before, after, request, sign) => {
                show(&origins, path, (before, after), request, sign, true);
            }
            Vanishes(before, after, request, sign) => {
                let before = if before.is_empty() { "APP" } else { before };
                show(&origins, path, (before, after), request, sign, false);
            }
            By(..) => {}
        }
    }
}

#[test]
fn each_key_of_the_table_has_its_row_and_each_test_that_is_named_is_there() {
    let keys = keys::all();
    let leaves = keys.iter().filter(|(_, key)| key.kind.keys().is_empty());
    let leaves: BTreeSet<&str> = leaves.map(|(path, _)| path.as_str()).collect();
    let rows: BTreeSet<&str> = ROWS.iter().map(|(path, _)| *path).collect();
    assert_eq!(leaves, rows);
    for (path, shown) in ROWS {
        let By(file, name) = shown else { continue };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/serve/{file}.rs"));
        let source = fs::read_to_string(source).expect("a file of tests");
        assert!(
            source.contains(&format!("#[test]\nfn {name}() {{")),
            "{path}: there is no test {name} in {file}.rs"
        );
    }
}

#[test]
fn the_time_to_stop_is_that_of_the_last_change() {
    let silent = gated("", "");
    let config = |time: &str| {
        format!(
            "{WEB}drain: {{timeout: {time}}}\nroutes: [{{upstream: app}}]\n\
             upstreams: [{{name: app, endpoints: [{{address: '{}'}}]}}]\n",
            silent.address
        )
    };
    let world = World::start(&config("1h"));
    let mut open = connect(world.address());
    open.write_all(KEPT.as_bytes()).expect("to send");
    silent.arrived();
    world.apply(&config("100ms"));
    let (ended, end) = std::sync::mpsc::channel();
    let proxy = world.proxy;
    thread::spawn(move || {
        proxy.shutdown();
        let _ = ended.send(());
    });
    end.recv_timeout(PATIENCE).expect("an end within the new time");
}

#[test]
fn a_client_that_takes_nothing_has_the_time_of_the_last_change() {
    let endless = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 8192]).is_ok() {}
    });
    let config = |time: &str| {
        format!(
            "{WEB}limits: {{send_timeout: {time}}}\nroutes: [{{upstream: app}}]\n\
             upstreams: [{{name: app, endpoints: [{{address: '{endless}'}}]}}]\n"
        )
    };
    let world = World::start(&config("1h"));
    let mut idle = connect(world.address());
    idle.write_all(KEPT.as_bytes()).expect("to send");
    read_head(&mut idle);
    world.apply(&config("100ms"));
    let deadline = Instant::now() + PATIENCE;
    while world.proxy.connection_count() > 0 {
        assert!(Instant::now() < deadline, "it is still there");
    }
}

#[test]
fn revisions_are_kept_as_the_last_change_says() {
    let world = World::start(&format!("{WEB}routes: [{{respond: {{body: '0'}}}}]\n"));
    for number in 1..4 {
        world.apply(&format!("{WEB}routes: [{{respond: {{body: '{number}'}}}}]\n"));
    }
    assert_eq!(world.proxy.status().revisions.len(), 4);
    world.apply(&format!(
        "{WEB}revisions: {{keep: 2}}\nroutes: [{{respond: {{}}}}]\n"
    ));
    assert_eq!(world.proxy.status().revisions.len(), 2);
}

#[test]
fn a_listener_is_renamed_where_it_is() {
    let of = |name: &str| {
        format!(
            "listeners: [{{name: {name}, address: '127.0.0.1:0'}}]\n\
             routes: [{{listener: {name}, respond: {{body: {name}}}}}]\n"
        )
    };
    let world = World::start(&of("one"));
    assert_eq!(world.get("/").body, "one");
    world.apply(&of("two"));
    assert_eq!(world.get("/").body, "two");
}
