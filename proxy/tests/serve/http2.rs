//! HTTP/2 with clients: in the clear and by TLS, and what a change does to connections and to single streams.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::{Method, Request, Response};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::authority::Authority;
use crate::support::{PATIENCE, World, connect, echo, gated, origin, read_head};

const APP: &str = "routes: [{upstream: app}]\n";

/// A client of one connection.
pub(crate) struct Client {
    pub(crate) send: SendRequest<Bytes>,
    /// Ends with the connection, and says how.
    pub(crate) connection: JoinHandle<Result<(), h2::Error>>,
}

impl Client {
    pub(crate) async fn new(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (send, connection) = h2::client::handshake(io).await.expect("a preface");
        let connection = tokio::spawn(connection);
        Self { send, connection }
    }

    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.expect("a connection")).await
    }

    /// Begins a request without the end of its body.
    pub(crate) async fn begin(&mut self, request: Request<()>) -> (ResponseFuture, SendStream<Bytes>) {
        let mut send = self
            .send
            .clone()
            .ready()
            .await
            .expect("a connection that is open");
        send.send_request(request, false).expect("a stream")
    }

    /// Asks without a body.
    pub(crate) async fn ask(&mut self, request: Request<()>) -> Result<(Response<()>, String), h2::Error> {
        let mut send = self.send.clone().ready().await?;
        read(send.send_request(request, true)?.0).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<(Response<()>, String), h2::Error> {
        self.ask(to(path)).await
    }
}

pub(crate) fn to(path: &str) -> Request<()> {
    let uri = format!("http://a.example{path}");
    Request::builder().uri(uri).body(()).expect("a request")
}

/// The whole of an answer.
pub(crate) async fn read(response: ResponseFuture) -> Result<(Response<()>, String), h2::Error> {
    let (parts, mut body) = response.await?.into_parts();
    let mut text = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        text.extend_from_slice(&piece);
    }
    let text = String::from_utf8(text).expect("text");
    Ok((Response::from_parts(parts, ()), text))
}

/// Runs a test on this thread, for as long as anything may take.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let in_time = tokio::time::timeout(PATIENCE, test).await;
        in_time.expect("an end in time");
    });
}

fn config(protocols: &str, generation: &str, origin: SocketAddr, rest: &str) -> String {
    format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'{protocols}}}]\n\
         response_headers: {{set: {{x-generation: '{generation}'}}}}\n\
         upstreams: [{{name: app, endpoints: [{{address: '{origin}'}}]}}]\n{rest}"
    )
}

#[test]
fn a_request_is_forwarded_as_one_of_its_own_and_answered() {
    let world = World::start(&config("", "g1", echo("app"), APP));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let mut request = to("/path?query");
        for (name, value) in [("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")] {
            let value = value.parse().expect("a value");
            request.headers_mut().append(name, value);
        }
        let (answer, body) = client.ask(request).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-generation"], "g1");
        assert_eq!(answer.headers()["via"], "1.1 reloadspec");
        for line in [
            "GET /path?query HTTP/1.1\r\n",
            "host: a.example\r\n",
            "cookie: a=1; b=2\r\n",
            "te: trailers\r\n",
            "connection: te\r\n",
            "via: 2 reloadspec\r\n",
            "x-forwarded-for: 127.0.0.1\r\n",
            "x-forwarded-host: a.example\r\n",
        ] {
            assert!(
                body.to_lowercase().contains(&line.to_lowercase()),
                "{line:?}: {body}"
            );
        }
        let mut request = to("/");
        request
            .headers_mut()
            .insert("host", "b.example".parse().expect("a value"));
        let (answer, _) = client.ask(request).await.expect("an answer");
        assert_eq!(answer.status(), 400);
        // A refused request is not that of the others.
        assert!(!answer.headers().contains_key("connection"));
        assert_eq!(client.get("/").await.expect("an answer").0.status(), 200);
    });
    // HTTP/1.1 is spoken at the same place.
    assert_eq!(world.get("/").status(), 200);
    // What begins like the other and goes on otherwise is told so.
    let answer = crate::support::raw(world.address(), "PRI * HTTP/2.0\r\n\r\nno\r\n\r\n");
    assert_eq!(answer.status(), 400);
}

#[test]
fn a_client_chooses_by_tls() {
    let authority = Authority::new();
    let pair = authority.issue("a.example");
    let text = crate::tls::config(echo("app"), &["a"], "");
    let world = crate::tls::world(&[("a", &pair)], &text);
    let mut offers = (*authority.client(None)).clone();
    offers.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let offers = TlsConnector::from(Arc::new(offers));
    let name = ServerName::try_from("a.example").expect("a name");
    run(async {
        let stream = TcpStream::connect(world.address()).await.expect("a connection");
        let stream = offers.connect(name, stream).await.expect("a handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut client = Client::new(stream).await;
        let (_, body) = client.get("/").await.expect("an answer");
        assert!(body.contains("x-forwarded-proto: https"), "{body}");
    });
    // Whoever does not choose speaks HTTP/1.1.
    let plain = authority.client(None);
    assert!(crate::tls::ask(&plain, world.address(), "a.example").is_ok());
}

#[test]
fn what_is_spoken_is_what_the_last_change_says() {
    let origin = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate");
    let text = |protocols| {
        config(
            protocols,
            "g1",
            origin.address,
            "routes: [{upstream: app}, {path: /own, respond: {}}]\n",
        )
    };
    let world = World::start(&text(""));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let (late, mut body) = client.begin(to("/late")).await;
        body.send_data(Bytes::new(), true).expect("an end");
        assert_eq!(client.get("/own").await.expect("an answer").0.status(), 200);
        origin.came().await;
        world.apply(&text(", protocols: [http1]"));
        // It is told, and what it was accepted for is answered.
        let late = tokio::spawn(read(late));
        let refused = async {
            while client.get("/own").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        refused.await;
        origin.open();
        assert_eq!(late.await.expect("a task").expect("an answer").1, "late");
        client.connection.await.expect("a task").expect("a polite end");
    });
    assert_eq!(world.get("/own").status(), 200);
    let mut stream = connect(world.address());
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .expect("to send");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains("200"), "{answer}");

    let mut kept = connect(world.address());
    let own = "GET /own HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(crate::support::ask(&mut kept, own).status(), 200);
    world.apply(&text(", protocols: [http2]"));
    // At rest it is let go.
    assert!(matches!(kept.read(&mut [0]), Ok(0)));
    run(async {
        let mut client = Client::connect(world.address()).await;
        assert_eq!(client.get("/own").await.expect("an answer").0.status(), 200);
    });
}

#[test]
fn a_reload_ends_no_connection_and_the_next_stream_is_answered_by_it() {
    let origin = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate");
    let of = |generation| {
        config(
            "",
            generation,
            origin.address,
            "routes: [{upstream: app}, {path: /own, respond: {}}]\n",
        )
    };
    let world = World::start(&of("g1"));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let (late, _body) = client.begin(to("/late")).await;
        let late = tokio::spawn(read(late));
        assert_eq!(
            client.get("/own").await.expect("an answer").0.headers()["x-generation"],
            "g1"
        );
        world.apply(&of("g2"));
        assert_eq!(
            client.get("/own").await.expect("an answer").0.headers()["x-generation"],
            "g2"
        );
        origin.came().await;
        origin.open();
        let (answer, body) = late.await.expect("a task").expect("an answer");
        assert_eq!(
            (answer.headers()["x-generation"].as_bytes(), body.as_str()),
            (&b"g1"[..], "late")
        );
    });
}

#[test]
fn who_came_to_a_listener_that_goes_is_told_and_loses_nothing() {
    let origin = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate");
    let of = |name: &str, port: u16| {
        format!(
            "listeners: [{{name: web, address: '127.0.0.1:0'}}, {{name: {name}, address: '127.0.0.{port}:0'}}]\n\
             routes: [{{upstream: app}}]\nupstreams: [{{name: app, endpoints: [{{address: '{}'}}]}}]\n",
            origin.address
        )
    };
    let world = World::start(&of("old", 2));
    let old = world
        .proxy
        .addresses()
        .iter()
        .find(|(name, _)| name.as_str() == "old")
        .map(|(_, address)| address.tcp());
    let old = old.flatten().expect("an address");
    run(async {
        let client = Client::connect(old).await;
        let late = client
            .send
            .clone()
            .ready()
            .await
            .expect("a connection")
            .send_request(to("/"), true);
        let late = tokio::spawn(read(late.expect("a stream").0));
        origin.came().await;
        world.apply(&of("new", 3));
        // No further stream is taken, and this one is.
        while client.send.clone().ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        origin.open();
        assert_eq!(late.await.expect("a task").expect("an answer").1, "late");
        client.connection.await.expect("a task").expect("a polite end");
    });
}

#[test]
fn a_route_that_goes_takes_its_streams_along_and_no_others() {
    let endless = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let _ = stream.read(&mut [0]);
    });
    let of = |routes: &str| {
        config(
            "",
            "g",
            endless,
            &format!(
                "drain: {{route_timeout: 50ms}}\nroutes: [{routes}{{path: /stays, upstream: app}}, {{path: /own, respond: {{}}}}]\n"
            ),
        )
    };
    let world = World::start(&of("{path: /goes, upstream: app}, "));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let (goes, _a) = client.begin(to("/goes")).await;
        let (stays, _b) = client.begin(to("/stays")).await;
        let (mut goes, mut stays) = (
            goes.await.expect("a head").into_body(),
            stays.await.expect("a head").into_body(),
        );
        world.apply(&of(""));
        let end = goes
            .data()
            .await
            .expect("an end")
            .expect_err("an end before the end");
        assert!(end.is_reset(), "{end:?}");
        assert_eq!(client.get("/own").await.expect("an answer").0.status(), 200);
        let silent = tokio::time::timeout(Duration::from_millis(200), stays.data()).await;
        assert!(silent.is_err(), "{silent:?}");
    });
}

#[test]
fn an_answer_that_nobody_takes_ends_alone() {
    let endless = origin(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 8192]).is_ok() {}
    });
    let rest = "limits: {send_timeout: 300ms}\nroutes: [{upstream: app}, {path: /own, respond: {}}]\n";
    let world = World::start(&config("", "g", endless, rest));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let (stuck, _body) = client.begin(to("/")).await;
        let mut stuck = stuck.await.expect("a head").into_body();
        // What came is never given back to the window.
        let end = loop {
            if let Err(end) = stuck.data().await.expect("an end") {
                break end;
            }
        };
        assert!(end.is_reset(), "{end:?}");
        assert_eq!(client.get("/own").await.expect("an answer").0.status(), 200);
    });
}

#[test]
fn who_opens_streams_and_resets_them_without_end_is_let_go() {
    let silent = origin(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let world = World::start(&config("", "g", silent, APP));
    run(async {
        let client = Client::connect(world.address()).await;
        for _ in 0..10_000 {
            let Ok(mut send) = client.send.clone().ready().await else {
                break;
            };
            let Ok((_, mut stream)) = send.send_request(to("/"), false) else {
                break;
            };
            stream.send_reset(Reason::CANCEL);
        }
        let end = client.connection.await.expect("a task").expect_err("an end");
        let calmed = end.reason() == Some(Reason::ENHANCE_YOUR_CALM);
        let cut = end
            .get_io()
            .is_some_and(|error| error.kind() != ErrorKind::TimedOut);
        assert!(calmed || cut, "{end:?}");
    });
    assert_eq!(world.proxy.connection_count(), 0);
}

#[test]
fn methods_that_are_no_requests_are_refused_one_by_one() {
    let world = World::start(&config("", "g", echo("app"), APP));
    run(async {
        let mut client = Client::connect(world.address()).await;
        let connect = Request::builder()
            .method(Method::CONNECT)
            .uri("a.example:80")
            .body(())
            .expect("a request");
        assert_eq!(client.ask(connect).await.expect("an answer").0.status(), 501);
        assert_eq!(client.get("/").await.expect("an answer").0.status(), 200);
    });
}
