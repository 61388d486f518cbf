//! HTTP/2, frame by frame: how a connection without a request ends.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{World, connect};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const PING: u8 = 6;
const GOAWAY: u8 = 7;

/// The kinds of frames that come until the end. A ping is answered.
fn kinds(stream: &mut TcpStream) -> Vec<u8> {
    let mut kinds = Vec::new();
    let mut head = [0; 9];
    while stream.read_exact(&mut head).is_ok() {
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).expect("a whole frame");
        if head[3] == PING && head[4] == 0 {
            head[4] = 1;
            // It may be gone: then no frame comes any more.
            let _ = stream.write_all(&[&head[..], &payload].concat());
        }
        kinds.push(head[3]);
    }
    kinds
}

#[test]
fn who_rests_for_too_long_is_told_that_it_is_the_end_and_may_ask_until_it_knows() {
    // An idle connection has rested for longer than an answer may take before its end begins.
    let world = World::start(
        "listeners: [{name: web, address: '127.0.0.1:0'}]\nlimits: {idle_timeout: 2500ms, send_timeout: 2s}\n",
    );
    let mut streams: Vec<_> = (0..5).map(|_| connect(world.address())).collect();
    for stream in &mut streams {
        stream.write_all(&[PREFACE, SETTINGS].concat()).expect("to send");
    }
    for stream in &mut streams {
        let kinds = kinds(stream);
        let told: Vec<_> = kinds
            .iter()
            .filter(|kind| [PING, GOAWAY].contains(kind))
            .collect();
        // First that no more are taken, and how far, once whoever was on the way has come (RFC 9113 §6.8).
        assert_eq!(told, [&GOAWAY, &PING, &GOAWAY], "{kinds:?}");
    }
}
