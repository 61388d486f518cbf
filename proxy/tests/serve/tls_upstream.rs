//! Upstreams that are spoken to by TLS: who is trusted, and what is shown to them.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::authority::{Authority, Pair};
use crate::support::{World, origin, rename_over};

/// A server that answers requests by TLS as long as it is asked, and counts its handshakes.
fn server(pair: &Pair, clients: Option<&Authority>) -> (SocketAddr, Arc<AtomicUsize>) {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = match clients {
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.0.der().clone()).expect("a root");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
        None => builder.with_no_client_auth(),
    };
    let config = Arc::new(
        builder
            .with_single_cert(pair.chain(), pair.key())
            .expect("a pair"),
    );
    let shaken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&shaken);
    let address = origin(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
        let mut stream = StreamOwned::new(connection, stream);
        let mut counted = false;
        loop {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read(&mut byte) {
                    Ok(1) => head.extend(byte),
                    _ => return,
                }
            }
            if !counted {
                counted = true;
                count.fetch_add(1, Ordering::SeqCst);
            }
            let asked = stream.conn.server_name().unwrap_or("nobody").to_owned();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{asked}",
                asked.len()
            );
            if stream.write_all(answer.as_bytes()).is_err() || stream.flush().is_err() {
                return;
            }
        }
    });
    (address, shaken)
}

fn config(address: SocketAddr, tls: &str) -> String {
    format!(
        "workers: 1\nlisteners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app}}]\n\
         upstreams: [{{name: app, endpoints: [{{address: '{address}'}}], tls: {{{tls}}}}}]\n"
    )
}

/// A proxy with these files beside its configuration.
fn world(files: &[(&str, &str)], config: &str) -> World {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    let path = folder.path().join("proxy.yaml");
    fs::write(&path, config).expect("a file");
    World::start_at(folder, path)
}

#[test]
fn who_is_trusted_is_whom_the_last_change_says_also_on_kept_connections() {
    let (trusted, other) = (Authority::new(), Authority::new());
    let pair = trusted.issue("app.example");
    let (address, shaken) = server(&pair, None);
    let files = [("ca.pem", &*trusted.0.pem()), ("other.pem", &*other.0.pem())];
    let named = "server_name: app.example";
    let text = config(address, &format!("ca: '${{file:ca.pem}}', {named}"));
    let world = world(&files, &text);
    let ask = || world.get("/");
    assert_eq!(ask().body, "app.example");
    let before = shaken.load(Ordering::SeqCst);
    // What nothing of this changes is kept.
    world.apply(&(text.clone() + "response_headers: {set: {x-generation: g2}}\n"));
    assert_eq!((ask().status(), shaken.load(Ordering::SeqCst)), (200, before));

    world.apply(&config(address, &format!("ca: '${{file:other.pem}}', {named}")));
    assert_eq!(ask().status(), 502);
    world.apply(&text);
    assert_eq!(ask().status(), 200);
    // For the host of the endpoint there is no certificate.
    world.apply(&config(address, "ca: '${file:ca.pem}'"));
    assert_eq!(ask().status(), 502);
    world.apply(&config(
        address,
        "ca: '${file:ca.pem}', server_name: other.example",
    ));
    assert_eq!(ask().status(), 502);
    world.apply(&text);
    assert_eq!(ask().status(), 200);
    // The file alone.
    rename_over(&world.folder.path().join("ca.pem"), &other.0.pem());
    world.applied();
    assert_eq!(ask().status(), 502);
}

#[test]
fn an_upstream_that_asks_for_a_certificate_gets_that_of_the_last_change() {
    let (authority, clients, others) = (Authority::new(), Authority::new(), Authority::new());
    let (address, _) = server(&authority.issue("127.0.0.1"), Some(&clients));
    let (good, bad) = (clients.issue("proxy"), others.issue("proxy"));
    let ca = authority.0.pem();
    let files = [
        ("ca.pem", &*ca),
        ("good.pem", &good.certificate),
        ("good.key", &good.key),
        ("bad.pem", &bad.certificate),
        ("bad.key", &bad.key),
    ];
    let with = |name: &str| {
        let own = format!("certificate: '${{file:{name}.pem}}', key: '${{file:{name}.key}}'");
        config(address, &format!("ca: '${{file:ca.pem}}', {own}"))
    };
    let world = world(&files, &config(address, "ca: '${file:ca.pem}'"));
    assert_eq!(world.get("/").status(), 502);
    world.apply(&with("good"));
    assert_eq!(world.get("/").status(), 200);
    world.apply(&with("bad"));
    assert_eq!(world.get("/").status(), 502);
    // From TLS to the clear: the server does not understand a word.
    world.apply(&with("good").replace(", tls: {", ", timeouts: {").replace(
        "ca: '${file:ca.pem}', certificate: '${file:good.pem}', key: '${file:good.key}'",
        "response: 2s",
    ));
    assert_eq!(world.get("/").status(), 502);
    world.apply(&with("good"));
    assert_eq!(world.get("/").status(), 200);
}
