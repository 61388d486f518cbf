//! Checks by gRPC's health service, in the clear and by TLS, and checks over HTTP/2 by TLS: what is asked, by whom, and what follows.

use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::authority::{Authority, Pair};
use crate::servers::until;
use crate::support::World;

/// How the server answers checks.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// With this status of the service.
    Is(u8),
    /// With this status of the call, and nothing else.
    Fails(&'static str),
    /// With a status of the service, and none of the call.
    Forgets,
    Silent,
}

const SERVING: Fate = Fate::Is(1);

/// A server of HTTP/2 that knows a service of the name `app`, and itself.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

struct Told {
    fate: Fate,
    /// Of each check: the server's name that was asked for, its target, and the service.
    checks: Vec<(String, String, String)>,
}

impl Server {
    fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("its address");
        listener.set_nonblocking(true).expect("a mode");
        let told = Told {
            fate: SERVING,
            checks: Vec::new(),
        };
        let server = Self {
            address,
            told: Arc::new(Mutex::new(told)),
        };
        let own = server.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(own.listen(listener, tls));
        });
        server
    }

    async fn listen(self, listener: std::net::TcpListener, tls: Option<Arc<ServerConfig>>) {
        let listener = TcpListener::from_std(listener).expect("a listener");
        while let Ok((stream, _)) = listener.accept().await {
            let (server, tls) = (self.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => server.serve(stream, "nobody").await,
                    Some(tls) => {
                        let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else {
                            return;
                        };
                        let name = stream.get_ref().1.server_name().unwrap_or("nobody").to_owned();
                        server.serve(stream, &name).await;
                    }
                }
            });
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin, name: &str) {
        let Ok(mut connection) = h2::server::handshake(stream).await else {
            return;
        };
        while let Some(Ok((request, reply))) = connection.accept().await {
            let (server, name) = (self.clone(), name.to_owned());
            tokio::spawn(async move { server.answer(&name, request, reply).await });
        }
    }

    async fn answer(
        &self,
        name: &str,
        request: Request<RecvStream>,
        mut reply: SendResponse<Bytes>,
    ) -> Result<(), h2::Error> {
        let is_call = request.uri().path() == "/grpc.health.v1.Health/Check";
        let (head, mut body) = request.into_parts();
        let agent = head.headers.get("user-agent");
        let is_check = agent.is_some_and(|agent| agent == "reloadspec-proxy health check");
        if !is_check {
            let mut send = reply.send_response(Response::new(()), false)?;
            return send.send_data("well".into(), true);
        }
        let mut asked = Vec::new();
        while let Some(piece) = body.data().await {
            asked.extend_from_slice(&piece?);
        }
        let service = String::from_utf8_lossy(asked.get(7..).unwrap_or_default()).into_owned();
        let mut fate = {
            let mut told = self.told.lock().expect("a fate");
            let check = (name.to_owned(), head.uri.to_string(), service.clone());
            told.checks.push(check);
            told.fate
        };
        if !is_call {
            reply.send_response(Response::new(()), true)?;
            return Ok(());
        }
        assert_eq!(head.headers["content-type"], "application/grpc");
        assert_eq!(head.headers["te"], "trailers");
        assert!(head.headers.contains_key("grpc-timeout"));
        if !["", "app"].contains(&&*service) {
            fate = Fate::Fails("5");
        }
        let mut response = Response::new(());
        let fields = response.headers_mut();
        fields.insert("content-type", HeaderValue::from_static("application/grpc"));
        let (status, trailers) = match fate {
            Fate::Silent => std::future::pending().await,
            Fate::Fails(status) => {
                fields.insert("grpc-status", HeaderValue::from_static(status));
                reply.send_response(response, true)?;
                return Ok(());
            }
            Fate::Is(status) => {
                let ok = (
                    "grpc-status".parse().expect("a name"),
                    HeaderValue::from_static("0"),
                );
                (status, HeaderMap::from_iter([ok]))
            }
            Fate::Forgets => (1, HeaderMap::new()),
        };
        let mut send = reply.send_response(response, false)?;
        send.send_data(vec![0, 0, 0, 0, 2, 8, status].into(), false)?;
        send.send_trailers(trailers)
    }

    fn is(&self, fate: Fate) {
        self.told.lock().expect("a fate").fate = fate;
    }

    /// Whether somebody has asked so.
    fn was_asked(&self, name: &str, target: &str, service: &str) -> bool {
        let told = self.told.lock().expect("checks");
        let check = (name.to_owned(), target.to_owned(), service.to_owned());
        told.checks.contains(&check)
    }

    fn config(&self, health: &str, tls: &str) -> String {
        format!(
            "listeners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app}}]\n\
             upstreams: [{{name: app, protocol: http2, endpoints: [{{address: '{}'}}]{tls},\n  \
             health: {{interval: 20ms, healthy_after: 1, unhealthy_after: 1, {health}}}}}]\n",
            self.address
        )
    }
}

fn is_fit(world: &World) -> bool {
    match world.get("/").status() {
        200 => true,
        503 => false,
        other => panic!("{other}"),
    }
}

#[test]
fn a_service_is_fit_as_long_as_it_says_that_it_serves() {
    let server = Server::start(None);
    let world = World::start(&server.config("type: grpc, timeout: 200ms", ""));
    let target = format!("http://{}/grpc.health.v1.Health/Check", server.address);
    until("a check", || server.was_asked("nobody", &target, ""));
    for fate in [
        Fate::Is(2),
        Fate::Is(0),
        Fate::Is(3),
        Fate::Fails("12"),
        Fate::Forgets,
        Fate::Silent,
    ] {
        server.is(fate);
        until(&format!("no requests after {fate:?}"), || !is_fit(&world));
        server.is(SERVING);
        until("requests", || is_fit(&world));
    }
}

#[test]
fn whose_health_is_asked_for_is_what_the_last_change_says() {
    let server = Server::start(None);
    let world = World::start(&server.config("type: grpc", ""));
    assert!(is_fit(&world));
    world.apply(&server.config("type: grpc, service: other", ""));
    until("no requests", || !is_fit(&world));
    world.apply(&server.config("type: grpc, service: app, host: 'health.test:81'", ""));
    until("requests", || is_fit(&world));
    let target = "http://health.test:81/grpc.health.v1.Health/Check";
    assert!(server.was_asked("nobody", target, "app"));
    // Another kind of check is made of the same endpoint.
    server.is(Fate::Is(2));
    until("no requests again", || !is_fit(&world));
    world.apply(&server.config("path: /ready", ""));
    until("requests again", || is_fit(&world));
}

/// What a server with this certificate shakes hands by, which takes clients of one authority only.
fn by_tls(pair: &Pair, clients: &Authority) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(clients.0.der().clone()).expect("a root");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(pair.chain(), pair.key())
        .expect("a pair");
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

#[test]
fn checks_by_tls_trust_whom_the_upstream_trusts_and_show_what_it_shows() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = Server::start(Some(by_tls(&authority.issue("app.example"), &clients)));
    let (good, bad) = (clients.issue("proxy"), authority.issue("proxy"));
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in [
        ("ca.pem", &*authority.0.pem()),
        ("other.pem", &*clients.0.pem()),
        ("good.pem", &good.certificate),
        ("good.key", &good.key),
        ("bad.pem", &bad.certificate),
        ("bad.key", &bad.key),
    ] {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    let tls = |ca: &str, own: &str, name: &str| {
        format!(
            ", tls: {{ca: '${{file:{ca}.pem}}', server_name: {name}, \
             certificate: '${{file:{own}.pem}}', key: '${{file:{own}.key}}'}}"
        )
    };
    let path = folder.path().join("proxy.yaml");
    let right = tls("ca", "good", "app.example");
    fs::write(&path, server.config("type: grpc", &right)).expect("a file");
    let world = World::start_at(folder, path);
    for (health, target) in [
        ("type: grpc", "/grpc.health.v1.Health/Check"),
        ("type: http, path: /ready", "/ready"),
    ] {
        if health != "type: grpc" {
            world.apply(&server.config(health, &right));
        }
        let target = format!("https://{}{target}", server.address);
        until("a check", || server.was_asked("app.example", &target, ""));
        until("requests", || is_fit(&world));
        for wrong in [
            tls("other", "good", "app.example"),
            tls("ca", "bad", "app.example"),
            tls("ca", "good", "other.example"),
        ] {
            world.apply(&server.config(health, &wrong));
            // Whoever gets no connection answers 502 until the check has found out.
            until("no requests", || world.get("/").status() == 503);
            world.apply(&server.config(health, &right));
            until("requests again", || is_fit(&world));
        }
    }
}
