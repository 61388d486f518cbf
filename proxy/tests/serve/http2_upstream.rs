//! HTTP/2 with upstreams: shared connections, streams both ways, trailers, and gRPC.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use tokio::net::TcpListener;

use crate::admin::{at, call, free};
use crate::http2::{Client, read, run, to};
use crate::servers::until;
use crate::support::{World, echo, origin, raw};

/// A server that speaks HTTP/2 alone, and does what its name says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    /// Tells which connection the request came by, counted from 1, and what its target and its fields were.
    Tells,
    /// Sends back what comes, as it comes, and then trailers.
    Echoes,
    /// Takes two streams at a time, and tells by which connection.
    TakesTwo,
    /// Refuses every stream.
    Refuses,
}

fn server(kind: Server) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("its address");
    listener.set_nonblocking(true).expect("a mode");
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(serve(kind, number, stream));
            }
        });
    });
    (address, connections)
}

async fn serve(kind: Server, number: usize, stream: tokio::net::TcpStream) -> Result<(), h2::Error> {
    let mut builder = h2::server::Builder::new();
    if kind == Server::TakesTwo {
        builder.max_concurrent_streams(2);
    }
    let mut connection = builder.handshake::<_, Bytes>(stream).await?;
    while let Some(asked) = connection.accept().await {
        let (request, mut reply) = asked?;
        if kind == Server::Refuses {
            reply.send_reset(Reason::REFUSED_STREAM);
            continue;
        }
        tokio::spawn(answer(kind, number, request, reply));
    }
    Ok(())
}

async fn answer(
    kind: Server,
    number: usize,
    request: Request<RecvStream>,
    mut reply: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    if kind == Server::Echoes {
        let mut send = reply.send_response(Response::new(()), false)?;
        let mut body = request.into_body();
        while let Some(piece) = body.data().await {
            let piece = piece?;
            body.flow_control().release_capacity(piece.len())?;
            send.send_data(piece, false)?;
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().expect("a value"));
        return send.send_trailers(trailers);
    }
    if kind == Server::TakesTwo {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let text = format!("{number} {} {:?}", request.uri(), request.headers());
    let mut send = reply.send_response(Response::new(()), false)?;
    send.send_data(text.into(), true)
}

fn config(protocol: &str, origin: SocketAddr) -> String {
    config_of(protocol, origin, "g1")
}

fn config_of(protocol: &str, origin: SocketAddr, generation: &str) -> String {
    format!(
        "workers: 1\nlisteners: [{{name: web, address: '127.0.0.1:0'}}]\n\
         response_headers: {{set: {{x-generation: '{generation}'}}}}\n\
         routes: [{{upstream: app}}]\n\
         upstreams: [{{name: app{protocol}, endpoints: [{{address: '{origin}'}}]}}]\n"
    )
}

const HTTP_2: &str = ", protocol: http2";

#[test]
fn an_upstream_is_spoken_to_as_the_last_change_says() {
    let (origin, connections) = server(Server::Tells);
    let world = World::start(&config(HTTP_2, origin));
    let answer = world.get("/path?query");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.field("via"), Some("2 reloadspec"));
    let told = answer.body;
    assert!(told.contains("1 http://test/path?query"), "{told}");
    assert!(told.contains("\"via\": \"1.1 reloadspec\""), "{told}");
    assert!(!told.contains("\"host\""), "{told}");
    for _ in 0..5 {
        assert!(world.get("/").body.contains("1 http://test/"));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    let plain = echo("plain");
    world.apply(&config("", plain));
    assert!(world.get("/").body.starts_with("plain\nGET / HTTP/1.1"));
    // An endpoint that is spoken to in another way is another connection.
    world.apply(&config("", origin));
    assert_eq!(world.get("/").status(), 502);
    world.apply(&config(HTTP_2, origin));
    assert_eq!(world.get("/").status(), 200);
}

#[test]
fn streams_go_both_ways_as_they_come_through_reloads_and_end_with_trailers() {
    let (origin, _) = server(Server::Echoes);
    let world = World::start(&config(HTTP_2, origin));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let mut request = to("/service/Method");
        *request.method_mut() = http::Method::POST;
        let (answer, mut send) = client.begin(request).await;
        send.send_data("one".into(), false).expect("to send");
        let answer = answer.await.expect("a head");
        assert_eq!(answer.headers()["x-generation"], "g1");
        let mut body = answer.into_body();
        assert_eq!(body.data().await.expect("more").expect("a piece"), "one");
        for number in 0..5 {
            world.apply(&config_of(HTTP_2, origin, &format!("g{}", number + 2)));
            let text = format!("after {number}");
            send.send_data(text.clone().into(), false).expect("to send");
            assert_eq!(body.data().await.expect("more").expect("a piece"), text);
        }
        send.send_data(Bytes::new(), true).expect("an end");
        assert!(body.data().await.is_none());
        let trailers = body.trailers().await.expect("an end").expect("trailers");
        assert_eq!(trailers["grpc-status"], "0");
    });
}

#[test]
fn another_connection_is_opened_where_all_have_as_many_as_the_other_side_takes() {
    let (origin, connections) = server(Server::TakesTwo);
    let world = World::start(&config(HTTP_2, origin));
    assert_eq!(world.get("/").status(), 200);
    run(async {
        let mut client = Client::connect(world.address()).await;
        let mut answers = Vec::new();
        for _ in 0..6 {
            let mut send = client.send.clone().ready().await.expect("a connection");
            let (answer, _) = send.send_request(to("/"), true).expect("a stream");
            answers.push(tokio::spawn(read(answer)));
        }
        for answer in answers {
            assert_eq!(answer.await.expect("a task").expect("an answer").0.status(), 200);
        }
        assert!(client.get("/").await.is_ok());
    });
    let count = connections.load(Ordering::SeqCst);
    assert!((2..=6).contains(&count), "{count}");
}

#[test]
fn a_connection_that_is_too_old_gets_no_more_streams_and_ends_with_its_last() {
    let (origin, connections) = server(Server::Echoes);
    let admin = free("127.0.0.81");
    let with = |lifetime: &str| {
        let pool = format!("{HTTP_2}, pool: {{idle_timeout: 1h{lifetime}}}");
        config(&pool, origin) + &format!("admin: {{{}}}\n", at(admin))
    };
    let world = World::start(&with(""));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let mut request = to("/service/Method");
        *request.method_mut() = http::Method::POST;
        let (answer, mut send) = client.begin(request).await;
        send.send_data("one".into(), false).expect("to send");
        let mut body = answer.await.expect("a head").into_body();
        assert_eq!(body.data().await.expect("more").expect("a piece"), "one");
        assert!(client.get("/").await.is_ok());
        assert_eq!(connections.load(Ordering::SeqCst), 1);
        tokio::time::sleep(Duration::from_millis(60)).await;
        world.apply(&with(", max_lifetime: 50ms"));
        while connections.load(Ordering::SeqCst) == 1 {
            assert!(client.get("/").await.is_ok());
        }
        send.send_data("two".into(), true).expect("to send");
        assert_eq!(body.data().await.expect("more").expect("a piece"), "two");
        assert!(body.data().await.is_none());
    });
    let open = || {
        let status = call(admin, "GET", "/status").1;
        status["upstreams"][0]["endpoints"][0]["connections"]["open"].clone()
    };
    until("the end of all", || open() == 0);
}

/// A server that goes, frame by frame: GOAWAY with 0 as the last stream says of a request that it was not touched, with 1 that it was. And how many requests came.
fn leaves(last: u8) -> (SocketAddr, Arc<AtomicUsize>) {
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0];
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let address = origin(move |mut stream| {
        let _ = stream.write_all(SETTINGS);
        let mut preface = [0; 24];
        let _ = stream.read_exact(&mut preface);
        let mut head = [0; 9];
        // Until a HEADERS frame.
        while head[3] != 1 {
            if stream.read_exact(&mut head).is_err() {
                return;
            }
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            let _ = stream.read_exact(&mut payload);
        }
        count.fetch_add(1, Ordering::SeqCst);
        let _ = stream.write_all(&goaway);
        let _ = stream.shutdown(Shutdown::Write);
        // What is still on its way would make the end a reset.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    (address, requests)
}

#[test]
fn what_an_upstream_that_goes_may_have_touched_is_asked_of_nobody_else() {
    let (leaving, requests) = leaves(1);
    let rules = ", retry: {attempts: 5, on: [unsent, reset], backoff: 1ms}";
    let world =
        World::start(&config(HTTP_2, leaving).replace("upstream: app", &format!("upstream: app{rules}")));
    for (method, is_repeated) in [("POST", false), ("PUT", true)] {
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(raw(world.address(), &request).status(), 502, "{method}");
        assert_eq!(requests.swap(0, Ordering::SeqCst) > 1, is_repeated, "{method}");
    }
}

#[test]
fn what_an_upstream_has_not_touched_is_asked_of_another_one() {
    for first in [server(Server::Refuses).0, leaves(0).0] {
        let (other, _) = server(Server::Tells);
        let text = format!(
            "workers: 1\nlisteners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app}}]\n\
             upstreams: [{{name: app, protocol: http2, endpoints: [{{address: '{first}'}}, {{address: '{other}'}}]}}]\n"
        );
        let world = World::start(&text);
        for method in ["GET", "GET", "POST", "POST"] {
            let request = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            assert_eq!(raw(world.address(), &request).status(), 200, "{method} {first}");
        }
    }
}

#[test]
fn what_an_upstream_has_not_touched_is_asked_of_another_one_with_a_body_that_is_kept() {
    let ((first, _), (other, _)) = (server(Server::Refuses), server(Server::Tells));
    let with = |rules: &str| {
        format!(
            "workers: 1\nlisteners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app{rules}}}]\n\
             upstreams: [{{name: app, protocol: http2, endpoints: [{{address: '{first}'}}, {{address: '{other}'}}]}}]\n"
        )
    };
    let world = World::start(&with(", retry: {on: [unsent], backoff: 1ms, buffer: 4B}"));
    let statuses = |body: &str| {
        let length = body.len();
        let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
        let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        [(); 4].map(|()| raw(world.address(), &request).status())
    };
    assert_eq!(statuses("body"), [200; 4]);
    world.apply(&with(", retry: {on: [connect_failure], buffer: 4B}"));
    assert!(statuses("body").contains(&502), "it is not asked for");
}

#[test]
fn a_call_that_cannot_be_forwarded_is_refused_as_its_client_understands() {
    let (origin, _) = server(Server::TakesTwo);
    let text = format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'}}]\n\
         response_headers: {{set: {{x-generation: g1}}}}\n\
         routes: [{{path: /down/Call, upstream: down}}, {{path: /up/Call, upstream: up}}]\n\
         upstreams: [{{name: down, protocol: http2, endpoints: [{{address: '127.0.0.1:1'}}]}}, \
         {{name: up, protocol: http2, endpoints: [{{address: '{origin}'}}]}}]\n"
    );
    let world = World::start(&text);
    run(async {
        let mut client = Client::connect(world.address()).await;
        let call = |path: &str, timeout: &str| {
            let mut request = to(path);
            let headers = request.headers_mut();
            headers.insert("content-type", "application/grpc".parse().expect("a value"));
            headers.insert("grpc-timeout", timeout.parse().expect("a value"));
            request
        };
        for (path, timeout, status) in [
            ("/down/Call", "1S", "14"),
            ("/no/Call", "1S", "12"),
            ("/up/Call", "20m", "4"),
        ] {
            let (answer, body) = client.ask(call(path, timeout)).await.expect("an answer");
            assert_eq!(answer.status(), 200, "{path}");
            assert_eq!(answer.headers()["grpc-status"], status, "{path}");
            assert_eq!(answer.headers()["content-type"], "application/grpc");
            assert_eq!(answer.headers()["x-generation"], "g1");
            assert!(answer.headers().contains_key("grpc-message") && body.is_empty());
        }
        let (answer, _) = client.ask(call("/up/Call", "10S")).await.expect("an answer");
        assert!(!answer.headers().contains_key("grpc-status"));
    });
}

#[test]
fn checks_speak_what_requests_speak() {
    let (origin, connections) = server(Server::Tells);
    let of = |expect: &str| {
        let health =
            format!(", protocol: http2, health: {{interval: 20ms, unhealthy_after: 1, expect: '{expect}'}}");
        config(&health, origin)
    };
    let world = World::start(&of("200"));
    while connections.load(Ordering::SeqCst) < 5 {
        assert_eq!(world.get("/").status(), 200);
    }
    world.apply(&of("204"));
    while world.get("/").status() == 200 {}
    assert_eq!(world.get("/").status(), 503);
}
