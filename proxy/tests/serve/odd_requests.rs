//! Requests that two servers may read in two ways, and what becomes of each: it is refused, or forwarded as one clean request.
//!
//! The table below is what is tested, and what `docs/requests.md` shows; with `INSTA_UPDATE=always` the document is written anew.

use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::odd_streams::{self, Ends};
use crate::support::{World, connect, origin};

/// What becomes of a request.
enum Becomes {
    /// The status, after which the connection is closed; the upstream sees no whole request.
    Refused(u16),
    /// What the upstream sees, without what the proxy adds to every request; after it, the connection is open.
    Clean(&'static str),
    /// The same, and the connection is closed after the answer.
    CleanAndLast(&'static str),
}
use Becomes::{Clean, CleanAndLast, Refused};

/// What it is, the section that speaks of it, the bytes, and what becomes of them. `~` is a line end, `^` a pause.
type Row = (&'static str, &'static str, &'static str, Becomes);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("two differing `Content-Length`", "9112 §6.3", "POST / HTTP/1.1~Host: a~Content-Length: 3~Content-Length: 5~~abcde", Refused(400)),
    ("two equal `Content-Length`", "9112 §6.3", "POST / HTTP/1.1~Host: a~Content-Length: 3~Content-Length: 3~~abc", Clean("POST / HTTP/1.1~host: a~content-length: 3~~abc")),
    ("`Content-Length: 3, 3`", "9110 §8.6", "POST / HTTP/1.1~Host: a~Content-Length: 3, 3~~abc", Refused(400)),
    ("`Content-Length: +3`", "9110 §8.6", "POST / HTTP/1.1~Host: a~Content-Length: +3~~abc", Refused(400)),
    ("`Content-Length: -3`", "9110 §8.6", "POST / HTTP/1.1~Host: a~Content-Length: -3~~abc", Refused(400)),
    ("`Content-Length: 0x3`", "9110 §8.6", "POST / HTTP/1.1~Host: a~Content-Length: 0x3~~abc", Refused(400)),
    ("`Content-Length` of nothing", "9110 §8.6", "POST / HTTP/1.1~Host: a~Content-Length: ~~abc", Refused(400)),
    ("`Content-Length` beyond 64 bits", "9110 §8.6", "POST / HTTP/1.1~Host: a~Content-Length: 99999999999999999999~~abc", Refused(400)),
    ("`Content-Length`, then `Transfer-Encoding`", "9112 §6.3", "POST / HTTP/1.1~Host: a~Content-Length: 3~Transfer-Encoding: chunked~~0~~GET /smuggled HTTP/1.1~Host: a~~", CleanAndLast("POST / HTTP/1.1~host: a~transfer-encoding: chunked~~0~~")),
    ("`Transfer-Encoding`, then `Content-Length`", "9112 §6.3", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~Content-Length: 3~~0~~", CleanAndLast("POST / HTTP/1.1~host: a~transfer-encoding: chunked~~0~~")),
    ("`Transfer-Encoding : chunked`, a blank before the colon", "9112 §5.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding : chunked~~0~~", Refused(400)),
    ("`Transfer-Encoding: xchunked`", "9112 §6.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: xchunked~~0~~", Refused(400)),
    ("`Transfer-Encoding: gzip, chunked`", "9112 §6.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: gzip, chunked~~0~~", Refused(501)),
    ("`Transfer-Encoding: chunked, identity`", "9112 §6.3", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked, identity~~0~~", Refused(400)),
    ("two `Transfer-Encoding: chunked`", "9112 §6.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~Transfer-Encoding: chunked~~0~~", Refused(501)),
    ("`Transfer-Encoding` with a vertical tab", "9110 §5.5", "POST / HTTP/1.1~Host: a~Transfer-Encoding: \u{b}chunked~~0~~", Refused(400)),
    ("`Transfer-Encoding: Chunked`", "9112 §7", "POST / HTTP/1.1~Host: a~Transfer-Encoding: Chunked~~0~~", Clean("POST / HTTP/1.1~host: a~transfer-encoding: chunked~~0~~")),
    ("`Transfer-Encoding` in HTTP/1.0", "9112 §6.1", "POST / HTTP/1.0~Host: a~Transfer-Encoding: chunked~~0~~", Refused(400)),
    ("a chunk size that is no number", "9112 §7.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~zz~abc~0~~", Refused(400)),
    ("a chunk size beyond 64 bits", "9112 §7.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~fffffffffffffffff~abc~0~~", Refused(400)),
    ("a chunk size with a sign", "9112 §7.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~-3~abc~0~~", Refused(400)),
    ("a chunk size with `0x`", "9112 §7.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~0x3~abc~0~~", Refused(400)),
    ("a chunk that is longer than its size", "9112 §7.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~3~abcXX0~~", Refused(400)),
    ("chunk lines that end with LF alone", "9112 §7.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~3\nabc\n0\n\n", Refused(400)),
    ("a chunk extension with LF in it", "9112 §7.1.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~3;a\nabc~0~~", Refused(400)),
    ("a chunk extension", "9112 §7.1.1", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~3;a=b~abc~0~~", Clean("POST / HTTP/1.1~host: a~transfer-encoding: chunked~~3~abc~0~~")),
    ("`Content-Length` among the trailers", "9110 §6.5.1", "POST / HTTP/1.1~Host: a~Trailer: x, content-length~Transfer-Encoding: chunked~~3~abc~0~x: 1~content-length: 7~~", Clean("POST / HTTP/1.1~host: a~trailer: x, content-length~transfer-encoding: chunked~~3~abc~0~x: 1~~")),
    ("no `Host`", "9112 §3.2", "GET / HTTP/1.1~~", Refused(400)),
    ("two `Host`", "9112 §3.2", "GET / HTTP/1.1~Host: a~Host: b~~", Refused(400)),
    ("two equal `Host`", "9112 §3.2", "GET / HTTP/1.1~Host: a~Host: a~~", Refused(400)),
    ("`Host: a b`", "9110 §7.2", "GET / HTTP/1.1~Host: a b~~", Refused(400)),
    ("`Host: user@a`", "9110 §7.2", "GET / HTTP/1.1~Host: user@a~~", Refused(400)),
    ("`Host: a/b`", "9110 §7.2", "GET / HTTP/1.1~Host: a/b~~", Refused(400)),
    ("`Host` of nothing", "9112 §3.2", "GET / HTTP/1.1~Host: ~~", Clean("GET / HTTP/1.1~host: ~~")),
    ("absolute form against `Host`", "9112 §3.2.2", "GET http://b/ HTTP/1.1~Host: a~~", Clean("GET / HTTP/1.1~host: b~~")),
    ("absolute form with a user", "9110 §4.2.4", "GET http://user@b/ HTTP/1.1~Host: b~~", Refused(400)),
    ("authority form with GET", "9112 §3.2.3", "GET b:80 HTTP/1.1~Host: b:80~~", Refused(400)),
    ("`*` with GET", "9112 §3.2.4", "GET * HTTP/1.1~Host: a~~", Refused(400)),
    ("`*` with OPTIONS", "9112 §3.2.4", "OPTIONS * HTTP/1.1~Host: a~~", Clean("OPTIONS * HTTP/1.1~host: a~~")),
    ("CONNECT", "9110 §9.3.6", "CONNECT a:80 HTTP/1.1~Host: a:80~~", Refused(501)),
    ("fields that `Connection` nominates", "9110 §7.6.1", "GET / HTTP/1.1~Host: a~Connection: x-own~X-Own: 1~X-Kept: 2~~", Clean("GET / HTTP/1.1~host: a~x-kept: 2~~")),
    ("`Connection: host, content-length`", "9110 §7.6.1", "POST / HTTP/1.1~Host: a~Connection: host, content-length~Content-Length: 3~~abc", Clean("POST / HTTP/1.1~host: a~content-length: 3~~abc")),
    ("`Connection: transfer-encoding`", "9110 §7.6.1", "POST / HTTP/1.1~Host: a~Connection: transfer-encoding~Transfer-Encoding: chunked~~0~~", Clean("POST / HTTP/1.1~host: a~transfer-encoding: chunked~~0~~")),
    ("`Keep-Alive`, `Proxy-Connection`, `TE`, not nominated", "9110 §7.6.1", "GET / HTTP/1.1~Host: a~Keep-Alive: 1~Proxy-Connection: keep-alive~TE: gzip~~", Clean("GET / HTTP/1.1~host: a~~")),
    ("an upgrade to `h2c`", "9113 §3.1", "GET / HTTP/1.1~Host: a~Connection: upgrade, http2-settings~Upgrade: h2c~HTTP2-Settings: AAMAAABk~~", Clean("GET / HTTP/1.1~host: a~~")),
    ("lines that end with LF alone", "9112 §2.2", "GET / HTTP/1.1\nHost: a\n\n", Clean("GET / HTTP/1.1~host: a~~")),
    ("CR in a value", "9110 §5.5", "GET / HTTP/1.1~Host: a~X: a\rY: b~~", Refused(400)),
    ("NUL in a value", "9110 §5.5", "GET / HTTP/1.1~Host: a~X: a\0b~~", Refused(400)),
    ("a value that goes on on the next line", "9112 §5.2", "GET / HTTP/1.1~Host: a~X: a~ b~~", Refused(400)),
    ("a blank before the first field", "9112 §2.2", "GET / HTTP/1.1~ Host: b~Host: a~~", Refused(400)),
    ("a blank in a name", "9110 §5.1", "GET / HTTP/1.1~Host: a~X Y: a~~", Refused(400)),
    ("a name of nothing", "9110 §5.1", "GET / HTTP/1.1~Host: a~: a~~", Refused(400)),
    ("an empty line before the request", "9112 §2.2", "~GET / HTTP/1.1~Host: a~~", Clean("GET / HTTP/1.1~host: a~~")),
    ("a blank in the target", "9112 §3", "GET /a b HTTP/1.1~Host: a~~", Refused(400)),
    ("two blanks after the method", "9112 §3", "GET  / HTTP/1.1~Host: a~~", Refused(400)),
    ("a tab after the method", "9112 §3", "GET\t/ HTTP/1.1~Host: a~~", Refused(400)),
    ("a method that is no token", "9110 §9.1", "G@T / HTTP/1.1~Host: a~~", Refused(400)),
    ("a fragment", "9112 §3.2.1", "GET /a#b HTTP/1.1~Host: a~~", Clean("GET /a HTTP/1.1~host: a~~")),
    ("`..` in the path", "3986 §6.2.2.3", "GET /a/../b HTTP/1.1~Host: a~~", Refused(400)),
    ("`..` in the path, encoded", "3986 §6.2.2.3", "GET /a/%2e%2E%2fb HTTP/1.1~Host: a~~", Refused(400)),
    ("HTTP/1.2", "9112 §2.3", "GET / HTTP/1.2~Host: a~~", Refused(400)),
    ("HTTP/2.0 that does not begin as it has to", "9113 §3.4", "GET / HTTP/2.0~Host: a~~", Refused(400)),
    ("HTTP/0.9", "9112 §2.3", "GET /~~", Refused(400)),
    ("a body of GET", "9110 §9.3.1", "GET / HTTP/1.1~Host: a~Content-Length: 3~~abc", Clean("GET / HTTP/1.1~host: a~content-length: 3~~abc")),
    ("a head over `limits.header_bytes`", "9110 §15.5", "GET / HTTP/1.1~Host: a~X: LONG~~", Refused(431)),
    ("a target over `limits.header_bytes`", "9110 §15.5", "GET /LONG HTTP/1.1~Host: a~~", Refused(431)),
    ("more fields than `limits.header_count`", "6585 §5", "GET / HTTP/1.1~Host: a~MANY~", Refused(431)),
    ("a body over `limits.body_bytes`", "9110 §15.5.14", "POST / HTTP/1.1~Host: a~Content-Length: 5000~~", Refused(413)),
    ("a chunked body over `limits.body_bytes`", "9110 §15.5.14", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~1388~LONG", Refused(413)),
    ("a head that takes longer than `limits.header_read_timeout`", "9110 §15.5.9", "GET / HTTP/1.1~Ho^st: a~~", Refused(0)),
    ("a body that takes longer than `limits.body_read_timeout`", "9110 §15.5.9", "POST / HTTP/1.1~Host: a~Content-Length: 3~~a^bc", Refused(408)),
];

/// Rows that are tried at the same time.
const LANES: usize = 8;
/// Longer than the limits of the test, on any machine.
const PAUSE: Duration = Duration::from_millis(900);
/// What the upstream waits for what does not come.
const SILENCE: Duration = Duration::from_millis(400);

/// Sends on what each connection brought, once nothing more comes.
pub(crate) fn recorder() -> (SocketAddr, Receiver<String>) {
    let (seen, told) = channel();
    let address = origin(move |mut stream| {
        stream.set_read_timeout(Some(SILENCE)).expect("a time-out");
        let mut all = Vec::new();
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut bytes) {
            all.extend_from_slice(&bytes[..length]);
        }
        // The proxy may have gone, as it does with what it refuses in the middle.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        let _ = seen.send(String::from_utf8_lossy(&all).into_owned());
    });
    (address, told)
}

/// The statuses that came back, and whether the connection was closed after them.
fn say(address: SocketAddr, request: &str) -> (Vec<u16>, bool) {
    let mut stream = connect(address);
    stream.set_read_timeout(Some(2 * SILENCE)).expect("a time-out");
    let many = "x-1: 1\r\n".repeat(50);
    let request = request
        .replace('~', "\r\n")
        .replace("LONG", &"x".repeat(5000))
        .replace("MANY", &many);
    for (index, part) in request.split('^').enumerate() {
        if index > 0 {
            std::thread::sleep(PAUSE);
        }
        // It may be refused already.
        let _ = stream.write_all(part.as_bytes());
    }
    let (mut all, mut bytes) = (Vec::new(), [0; 4096]);
    let closed = loop {
        match stream.read(&mut bytes) {
            Ok(0) => break true,
            Ok(length) => all.extend_from_slice(&bytes[..length]),
            Err(error) => break !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    };
    let all = String::from_utf8_lossy(&all).into_owned();
    let heads = all.split("HTTP/1.1 ").skip(1);
    (
        heads.filter_map(|head| head.get(..3)?.parse().ok()).collect(),
        closed,
    )
}

/// What an upstream saw, without what the proxy adds to every request.
pub(crate) fn own(seen: &str) -> String {
    let added = ["x-forwarded-", "via: "];
    let lines = seen.split_inclusive("\r\n");
    lines
        .filter(|line| !added.iter().any(|added| line.starts_with(added)))
        .collect()
}

/// Whether it is a whole request, of those that the rows have.
fn is_whole(seen: &str) -> bool {
    let Some((head, body)) = seen.split_once("\r\n\r\n") else {
        return false;
    };
    if head.contains("transfer-encoding: chunked") {
        return body.ends_with("0\r\n\r\n");
    }
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next());
    length.is_none_or(|length| length.parse() == Ok(body.len()))
}

fn check((what, section, request, becomes): &Row) {
    let (address, seen) = recorder();
    let world = World::start(&format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'}}]\n\
             limits: {{header_bytes: 2KiB, header_count: 40, header_read_timeout: 300ms, body_read_timeout: 300ms, body_bytes: 1000}}\n\
             routes: [{{upstream: app}}]\nupstreams: [{{name: app, endpoints: [{{address: '{address}'}}]}}]\n"
    ));
    let (statuses, closed) = say(world.address(), request);
    match becomes {
        Refused(0) => assert_eq!(
            (statuses.as_slice(), closed),
            (&[][..], true),
            "{what} ({section})"
        ),
        Refused(status) => assert_eq!(
            (statuses.as_slice(), closed),
            (&[*status][..], true),
            "{what} ({section})"
        ),
        Clean(expected) | CleanAndLast(expected) => {
            assert_eq!(statuses, [200], "{what} ({section})");
            assert_eq!(closed, matches!(becomes, CleanAndLast(_)), "{what} ({section})");
            let seen = seen.recv().expect("a connection");
            assert_eq!(own(&seen), expected.replace('~', "\r\n"), "{what} ({section})");
        }
    }
    nothing_more(world, &seen, &format!("{what} ({section})"));
}

/// Nothing more has come to the upstream, and nothing whole of what was refused.
pub(crate) fn nothing_more(world: World, seen: &Receiver<String>, what: &str) {
    world.proxy.shutdown();
    while let Ok(seen) = seen.recv_timeout(SILENCE) {
        assert!(!is_whole(&seen), "{what}: {seen:?}");
    }
}

/// Tries rows, several at a time: most of it is spent waiting for what must not come.
pub(crate) fn try_all<R: Sync>(rows: &[R], check: impl Fn(&R) + Sync) {
    let check = &check;
    std::thread::scope(|lanes| {
        for lane in rows.chunks(rows.len().div_ceil(LANES)) {
            lanes.spawn(move || lane.iter().for_each(check));
        }
    });
}

#[test]
fn each_is_refused_or_forwarded_as_one_clean_request() {
    try_all(ROWS, check);
}

#[test]
fn the_document_shows_what_is_tested() {
    let mut document = String::from(
        "# Requests that two servers may read in two ways\n\n\
         What `reloadspec-proxy` does with each, by HTTP/1.1: it is refused, the connection is closed, and the upstream sees nothing whole of it; or the upstream gets one clean request.\n\
         Each row is a test (`proxy/tests/serve/odd_requests.rs`, from which this table is written). Sections are of the RFC of that number.\n\n\
         | what | RFC | becomes |\n|---|---|---|\n",
    );
    let shown = |seen: &str| format!("`{}`", seen.trim_end_matches('~').replace('~', " ⏎ "));
    for (what, section, _, becomes) in ROWS {
        let becomes = match becomes {
            Refused(0) => "the connection is closed".to_owned(),
            Refused(status) => format!("{status}"),
            Clean(seen) => shown(seen),
            CleanAndLast(seen) => format!("{}, and the connection is closed after the answer", shown(seen)),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(document, "| {what} | {section} | {becomes} |");
    }
    document.push_str(
        "\n## By HTTP/2\n\n\
         The same of streams, whose requests an upstream gets by HTTP/1.1 (`proxy/tests/serve/odd_streams.rs`). One that is malformed is reset, or its connection ended (RFC 9113 §8.1.1).\n\n\
         | what | RFC | becomes |\n|---|---|---|\n",
    );
    for (what, section, _, _, _, ends) in odd_streams::ROWS {
        let ends = match ends {
            Ends::Malformed => "reset".to_owned(),
            Ends::Refused(status) => format!("{status}"),
            Ends::Clean(seen) => shown(seen),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(document, "| {what} | {section} | {ends} |");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/requests.md");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, &document).expect("to write");
    }
    assert_eq!(fs::read_to_string(path).expect("a document"), document);
}
