//! Streams of HTTP/2 that mean something else as a request of HTTP/1.1, which is what upstreams get: each is refused, or forwarded as one clean request.
//!
//! Frames are made by hand, for no client would send most of them. The table below is what is tested, and what `docs/requests.md` shows.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::odd_requests::{nothing_more, own, recorder, try_all};
use crate::support::{World, connect};

/// What becomes of a stream.
pub(crate) enum Ends {
    /// It is malformed (RFC 9113 §8.1.1): RST_STREAM, or the end of the connection.
    Malformed,
    /// The status of the answer; the upstream sees no whole request.
    Refused(u16),
    /// What the upstream sees, without what the proxy adds to every request.
    Clean(&'static str),
}
use Ends::{Clean, Malformed, Refused};

/// What it is, the section that speaks of it, the fields (`name=value`, with `~` between them), the body, trailers, and what becomes of it. GET and the rest of
/// what there has to be stand for `*`.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Ends,
);

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("a request", "9113 §8.3.1", "*~x=1", "", "", Clean("GET / HTTP/1.1~x: 1~host: a~~")),
    ("`transfer-encoding`", "9113 §8.2.2", "*~transfer-encoding=chunked", "0~~GET /smuggled HTTP/1.1~host: a~~", "", Malformed),
    ("`connection`", "9113 §8.2.2", "*~connection=x~x=1", "", "", Malformed),
    ("`upgrade`", "9113 §8.2.2", "*~upgrade=websocket", "", "", Malformed),
    ("`keep-alive`", "9113 §8.2.2", "*~keep-alive=1", "", "", Malformed),
    ("`proxy-connection`", "9113 §8.2.2", "*~proxy-connection=keep-alive", "", "", Malformed),
    ("`te: gzip`", "9113 §8.2.2", "*~te=gzip", "", "", Malformed),
    ("`te: trailers`", "9113 §8.2.2", "*~te=trailers", "", "", Clean("GET / HTTP/1.1~host: a~connection: te~te: trailers~~")),
    ("`content-length` less than what comes", "9113 §8.1.1", "*~content-length=3", "abcGET /smuggled HTTP/1.1~host: a~~", "", Malformed),
    ("`content-length` more than what comes", "9113 §8.1.1", "*~content-length=30", "abc", "", Malformed),
    ("two differing `content-length`", "9110 §8.6", "*~content-length=3~content-length=5", "abc", "", Malformed),
    ("`content-length: +3`", "9110 §8.6", "*~content-length=+3", "abc", "", Malformed),
    ("`content-length: 3, 3`", "9110 §8.6", "*~content-length=3, 3", "abc", "", Malformed),
    ("a body without `content-length`", "9113 §8.1", "*", "abc", "", Clean("GET / HTTP/1.1~host: a~transfer-encoding: chunked~~3~abc~0~~")),
    ("a name in capitals", "9113 §8.2.1", "*~X=1", "", "", Malformed),
    ("a blank in a name", "9113 §8.2.1", "*~x y=1", "", "", Malformed),
    ("a colon in a name", "9113 §8.2.1", "*~x:y=1", "", "", Malformed),
    ("a line end in a name", "9113 §8.2.1", "*~x: 1\r\nsmuggled=1", "", "", Malformed),
    ("a line end in a value", "9113 §8.2.1", "*~x=1\r\nsmuggled: 1", "", "", Malformed),
    ("LF in a value", "9113 §8.2.1", "*~x=1\nsmuggled: 1", "", "", Malformed),
    ("NUL in a value", "9113 §8.2.1", "*~x=1\x002", "", "", Malformed),
    ("a line end in the method", "9113 §8.3.1", ":method=GET / HTTP/1.1\r\nx: 1~:scheme=http~:authority=a~:path=/", "", "", Malformed),
    ("a blank in the method", "9113 §8.3.1", ":method=GET /smuggled~:scheme=http~:authority=a~:path=/", "", "", Malformed),
    ("a line end in the path", "9113 §8.3.1", ":method=GET~:scheme=http~:authority=a~:path=/ HTTP/1.1\r\nx: 1", "", "", Malformed),
    ("a blank in the path", "9113 §8.3.1", ":method=GET~:scheme=http~:authority=a~:path=/a b", "", "", Malformed),
    ("a path of nothing", "9113 §8.3.1", ":method=GET~:scheme=http~:authority=a~:path=", "", "", Malformed),
    ("no path", "9113 §8.3.1", ":method=GET~:scheme=http~:authority=a", "", "", Malformed),
    ("a path in absolute form", "9113 §8.3.1", ":method=GET~:scheme=http~:authority=a~:path=http://b/", "", "", Malformed),
    ("`..` in the path, encoded", "3986 §6.2.2.3", ":method=GET~:scheme=http~:authority=a~:path=/a/%2e%2E%2fb", "", "", Refused(400)),
    ("no method", "9113 §8.3.1", ":scheme=http~:authority=a~:path=/", "", "", Malformed),
    ("two methods", "9113 §8.3", "*~:method=POST", "", "", Malformed),
    ("two paths", "9113 §8.3", ":method=GET~:scheme=http~:authority=a~:path=/~:path=/b", "", "", Malformed),
    ("no scheme", "9113 §8.3.1", ":method=GET~:authority=a~:path=/", "", "", Malformed),
    ("an unknown pseudo-header field", "9113 §8.3", ":method=GET~:scheme=http~:authority=a~:path=/~:x=1", "", "", Malformed),
    (":status in a request", "9113 §8.3", ":method=GET~:scheme=http~:authority=a~:path=/~:status=200", "", "", Malformed),
    ("a pseudo-header field after a field", "9113 §8.3", ":method=GET~:scheme=http~:path=/~x=1~:authority=a", "", "", Malformed),
    ("`:authority` against `host`", "9113 §8.3.1", "*~host=b", "", "", Refused(400)),
    ("`host` alone", "9113 §8.3.1", ":method=GET~:scheme=http~:path=/~host=a", "", "", Clean("GET / HTTP/1.1~host: a~~")),
    ("no host", "9113 §8.3.1", ":method=GET~:scheme=http~:path=/", "", "", Refused(400)),
    ("two `host`", "9113 §8.3.1", "*~host=a~host=a", "", "", Refused(400)),
    ("`:authority` with a user", "9113 §8.3.1", ":method=GET~:scheme=http~:authority=user@a~:path=/", "", "", Refused(400)),
    ("`:authority` with a blank", "9113 §8.3.1", ":method=GET~:scheme=http~:authority=a b~:path=/", "", "", Malformed),
    ("CONNECT", "9113 §8.5", ":method=CONNECT~:authority=a:80", "", "", Refused(501)),
    ("crumbs of `cookie`", "9113 §8.2.3", "*~cookie=a=1~cookie=b=2", "", "", Clean("GET / HTTP/1.1~cookie: a=1; b=2~host: a~~")),
    ("`content-length` among the trailers", "9110 §6.5.1", "*~trailer=x, content-length", "abc", "x=1~content-length=7", Clean("GET / HTTP/1.1~trailer: x, content-length~host: a~transfer-encoding: chunked~~3~abc~0~x: 1~~")),
    ("`transfer-encoding` among the trailers", "9113 §8.2.2", "*", "abc", "transfer-encoding=chunked", Malformed),
    ("a pseudo-header field among the trailers", "9113 §8.1", "*", "abc", ":path=/b", Clean("GET / HTTP/1.1~host: a~transfer-encoding: chunked~~3~abc~0~~")),
    ("a line end in a trailer", "9113 §8.2.1", "*", "abc", "x=1\r\nsmuggled: 1", Malformed),
];

const MINIMUM: &str = ":method=GET~:scheme=http~:authority=a~:path=/";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

mod frame {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const RESET: u8 = 3;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const GOAWAY: u8 = 7;
    pub(super) const END_STREAM: u8 = 1;
    pub(super) const END_HEADERS: u8 = 4;
}

fn framed(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Fields as literals that are not indexed and not compressed (RFC 7541 §6.2.2).
fn block(fields: &str) -> Vec<u8> {
    let mut block = Vec::new();
    for field in fields.split('~').filter(|field| !field.is_empty()) {
        let (name, value) = field
            .strip_prefix(':')
            .map_or_else(|| field.split_once('='), |rest| rest.split_once('='))
            .expect("a name and a value");
        let name = if field.starts_with(':') {
            format!(":{name}")
        } else {
            name.to_owned()
        };
        block.push(0);
        for text in [name.as_str(), value] {
            block.push(
                u8::try_from(text.len())
                    .ok()
                    .filter(|length| *length < 127)
                    .expect("a short text"),
            );
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// The status in the block of an answer's fields, which comes first: one of the static table, or three digits behind its index.
fn status(block: &[u8]) -> u16 {
    const STATIC: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    match block {
        [first @ 0x88..=0x8e, ..] => STATIC[usize::from(first - 0x88)],
        [0x08 | 0x48, 3, digits @ ..] => {
            let digits = std::str::from_utf8(&digits[..3]).expect("digits");
            digits.parse().expect("a number")
        }
        // Compressed: 0, 1 and 2 have five bits, the others six (RFC 7541 §B).
        [0x08 | 0x48, length, code @ ..] if length & 0x80 != 0 => {
            let bits: Vec<u8> = code[..usize::from(length & 0x7f)]
                .iter()
                .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
                .collect();
            let (mut at, mut found) = (0, 0);
            for _ in 0..3 {
                let number = |length| {
                    bits[at..at + length]
                        .iter()
                        .fold(0_u16, |sum, bit| sum * 2 + u16::from(*bit))
                };
                let (digit, length) = match number(5) {
                    short @ 0..=2 => (short, 5),
                    // 3 is 011001.
                    _ => (number(6) - 0b011_001 + 3, 6),
                };
                (at, found) = (at + length, found * 10 + digit);
            }
            found
        }
        other => panic!("no status: {other:02x?}"),
    }
}

/// What comes back: the status of the answer, or nothing if the stream or the connection is ended without one.
fn outcome(stream: &mut TcpStream) -> Option<u16> {
    loop {
        let mut head = [0; 9];
        match stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("no answer"),
            Err(_) => return None,
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).ok()?;
        match head[3] {
            frame::HEADERS => return Some(status(&payload)),
            frame::RESET | frame::GOAWAY => return None,
            _ => {}
        }
    }
}

fn say(address: std::net::SocketAddr, fields: &str, body: &str, trailers: &str) -> Option<u16> {
    let mut stream = connect(address);
    let fields = fields.replacen('*', MINIMUM, 1);
    let (has_body, has_trailers) = (!body.is_empty(), !trailers.is_empty());
    let end = |is_last| if is_last { frame::END_STREAM } else { 0 };
    let mut bytes = PREFACE.to_vec();
    bytes.extend(framed(frame::SETTINGS, 0, 0, &[]));
    bytes.extend(framed(
        frame::HEADERS,
        frame::END_HEADERS | end(!has_body && !has_trailers),
        1,
        &block(&fields),
    ));
    if has_body {
        let body = body.replace('~', "\r\n");
        bytes.extend(framed(frame::DATA, end(!has_trailers), 1, body.as_bytes()));
    }
    if has_trailers {
        bytes.extend(framed(
            frame::HEADERS,
            frame::END_HEADERS | frame::END_STREAM,
            1,
            &block(trailers),
        ));
    }
    stream.write_all(&bytes).expect("to send");
    outcome(&mut stream)
}

fn check((what, section, fields, body, trailers, ends): &Row) {
    let (address, seen) = recorder();
    let world = World::start(&format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app}}]\n\
         upstreams: [{{name: app, endpoints: [{{address: '{address}'}}]}}]\n"
    ));
    let status = say(world.address(), fields, body, trailers);
    match ends {
        Malformed => assert_eq!(status, None, "{what} ({section})"),
        Refused(expected) => assert_eq!(status, Some(*expected), "{what} ({section})"),
        Clean(expected) => {
            assert_eq!(status, Some(200), "{what} ({section})");
            let seen = seen.recv().expect("a connection");
            assert_eq!(own(&seen), expected.replace('~', "\r\n"), "{what} ({section})");
        }
    }
    nothing_more(world, &seen, &format!("{what} ({section})"));
}

#[test]
fn each_is_refused_or_forwarded_as_one_clean_request() {
    try_all(ROWS, check);
}
