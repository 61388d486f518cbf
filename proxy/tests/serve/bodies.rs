//! Bodies of requests that are larger than they may be.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::admin::{free, request};
use crate::attempts::{all, config, send};
use crate::http2::{Client, read, run, to};
use crate::limits::with_admin;
use crate::support::{World, ask, connect, origin, raw};

/// An origin that counts the bytes that come to it.
fn bytes_counting() -> (SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let address = origin(move |mut stream| {
        let (mut bytes, mut request) = ([0; 4096], Vec::new());
        while let Ok(length @ 1..) = stream.read(&mut bytes) {
            counted.fetch_add(length, Ordering::SeqCst);
            request.extend_from_slice(&bytes[..length]);
            if request.ends_with(b"\r\n0\r\n\r\n") || request.ends_with(b"END") {
                request.clear();
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            }
        }
    });
    (address, count)
}

#[test]
fn a_body_is_as_large_as_its_route_or_else_all_routes_say_by_both_versions() {
    let (app, count) = bytes_counting();
    let admin = free("127.0.0.113");
    let with = |of_route: &str| {
        with_admin(
            &(config(&[app], of_route, "") + "limits: {body_bytes: 10}\n"),
            admin,
        )
    };
    let world = World::start(&with(""));
    let told = |length: usize| {
        let body = "x".repeat(length - 3) + "END";
        send(&world, "POST", &body).status()
    };
    let chunked = |length: usize| {
        let body = "x".repeat(length);
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let request = format!("{head}{length:x}\r\n{body}\r\n0\r\n\r\n");
        ask(&mut connect(world.address()), &request).status()
    };
    assert_eq!((told(11), count.load(Ordering::SeqCst)), (413, 0));
    assert_eq!((told(10), chunked(10), chunked(11)), (200, 200, 413));
    for (bound, least, most) in [(20, 11, 20), (4, 3, 4)] {
        for more in [String::new(), all(2, "1KiB")] {
            world.apply(&with(&format!(", body_bytes: {bound}{more}")));
            assert_eq!(
                (told(least), told(most), told(most + 1)),
                (200, 200, 413),
                "{bound}"
            );
            assert_eq!(
                (chunked(least), chunked(most), chunked(most + 1)),
                (200, 200, 413),
                "{bound}"
            );
        }
    }
    world.apply(&with(", body_bytes: 20"));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let before = count.load(Ordering::SeqCst);
        let mut post = to("/");
        *post.method_mut() = http::Method::POST;
        let mut known = post.clone();
        known.headers_mut().insert("content-length", 21.into());
        let (answer, _send) = client.begin(known).await;
        assert_eq!(read(answer).await.expect("an answer").0.status(), 413);
        assert_eq!(count.load(Ordering::SeqCst), before);
        for (length, status) in [(20, 200), (21, 413)] {
            let (answer, mut send) = client.begin(post.clone()).await;
            send.send_data(Bytes::from("x".repeat(length)), true)
                .expect("to send");
            let answer = read(answer).await.expect("an answer");
            assert_eq!(answer.0.status(), status, "{length}");
        }
    });
    let metrics = raw(admin, &request("GET", "/metrics", "", "")).body;
    assert!(
        metrics.contains("gateway_requests_too_large_total{part=\"body\"} 12"),
        "{metrics}"
    );
}
