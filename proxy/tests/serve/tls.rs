//! TLS of listeners: who sees which certificate, and what outlives a change of it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use reloadspec_proxy::reload::Outcome;
use rustls::pki_types::ServerName;
use rustls::version::TLS12;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned};

use crate::authority::{Authority, Pair};
use crate::support::{PATIENCE, World, connect, echo, gated, rename_over};

type Secure = StreamOwned<ClientConnection, TcpStream>;

pub(crate) fn secure(client: &Arc<ClientConfig>, address: SocketAddr, host: &str) -> Secure {
    let name = ServerName::try_from(host.to_owned()).expect("a name");
    let connection = ClientConnection::new(Arc::clone(client), name).expect("a connection");
    StreamOwned::new(connection, connect(address))
}

/// Asks once, and says which certificate was shown and how hands were shaken; or why they were not.
pub(crate) fn ask(
    client: &Arc<ClientConfig>,
    address: SocketAddr,
    host: &str,
) -> Result<(Vec<u8>, HandshakeKind, String), String> {
    let mut stream = secure(client, address, host);
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .map_err(|error| error.to_string())?;
    let shown = stream.conn.peer_certificates().and_then(|chain| chain.first());
    let shown = shown.expect("a certificate").to_vec();
    Ok((shown, stream.conn.handshake_kind().expect("a handshake"), answer))
}

/// What a client sees that has not been here before.
fn shown(authority: &Authority, world: &World, host: &str) -> Vec<u8> {
    let client = authority.client(None);
    ask(&client, world.address(), host)
        .unwrap_or_else(|error| panic!("{error}"))
        .0
}

/// One listener with TLS; the pairs are in files beside it.
pub(crate) fn config(origin: SocketAddr, pairs: &[&str], more: &str) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|name| format!("{{certificate: '${{file:{name}.pem}}', key: '${{file:{name}.key}}'}}"))
        .collect();
    format!(
        "listeners: [{{name: web, address: '127.0.0.1:0', tls: {{certificates: [{}]{more}}}}}]\n\
         routes: [{{upstream: app}}]\nupstreams: [{{name: app, endpoints: [{{address: '{origin}'}}]}}]\n",
        pairs.join(", ")
    )
}

pub(crate) fn world(pairs: &[(&str, &Pair)], config: &str) -> World {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, pair) in pairs {
        fs::write(folder.path().join(format!("{name}.pem")), &pair.certificate).expect("a file");
        fs::write(folder.path().join(format!("{name}.key")), &pair.key).expect("a file");
    }
    let path = folder.path().join("proxy.yaml");
    fs::write(&path, config).expect("a file");
    World::start_at(folder, path)
}

#[test]
fn a_certificate_is_chosen_by_the_name_that_is_asked_for_and_changes_with_its_list() {
    let authority = Authority::new();
    let (a, b) = (authority.issue("a.example"), authority.issue("*.b.example"));
    let client = authority.client(None);
    let origin = echo("app");
    let world = world(&[("a", &a), ("b", &b)], &config(origin, &["a", "b"], ""));
    assert_eq!(shown(&authority, &world, "a.example"), a.der());
    assert_eq!(shown(&authority, &world, "x.b.example"), b.der());
    // Nobody is for this one: the client sees the first, and will not have it.
    let refused = ask(&client, world.address(), "c.example").expect_err("a refusal");
    assert!(refused.contains("certificate"), "{refused}");
    let (_, _, answer) = ask(&client, world.address(), "a.example").expect("an answer");
    assert!(answer.contains("x-forwarded-proto: https"), "{answer}");
    // What is shown of it is public.
    let all = reloadspec_proxy::config::shown(&world.proxy.status().model).to_string();
    assert!(
        all.contains(r#""key":"***""#) && all.contains("for *.b.example") && !all.contains("PRIVATE"),
        "{all}"
    );
    world.apply(&config(origin, &["a"], ""));
    assert!(ask(&client, world.address(), "x.b.example").is_err());
    assert_eq!(shown(&authority, &world, "a.example"), a.der());
    // In the clear, and back: the address is the same socket.
    let clear = config(origin, &["a"], "").replace(
        ", tls: {certificates: [{certificate: '${file:a.pem}', key: '${file:a.key}'}]}",
        "",
    );
    world.apply(&clear);
    assert_eq!(world.get("/").status(), 200);
    world.apply(&config(origin, &["a"], ""));
    assert_eq!(shown(&authority, &world, "a.example"), a.der());
}

#[test]
fn a_rotation_needs_no_change_of_the_configuration_and_a_bad_file_keeps_the_last_good_one() {
    let authority = Authority::new();
    let (first, second) = (authority.issue("a.example"), authority.issue("a.example"));
    let world = world(&[("a", &first)], &config(echo("app"), &["a"], ""));
    let (pem, key) = (
        world.folder.path().join("a.pem"),
        world.folder.path().join("a.key"),
    );
    assert_eq!(shown(&authority, &world, "a.example"), first.der());
    // One after the other: what is there for a moment is no pair, and is refused as a whole.
    rename_over(&pem, &second.certificate);
    let outcome = world.outcome();
    let Outcome::Rejected { rejection, .. } = outcome.as_ref() else {
        panic!("{outcome:?}")
    };
    let details = rejection.details().expect("details");
    assert!(
        details.contains("error[key-mismatch]: the key does not belong to the certificate"),
        "{details}"
    );
    assert!(
        details.contains("listeners[0].tls.certificates[0].key"),
        "{details}"
    );
    assert!(!details.contains("PRIVATE"), "{details}");
    assert_eq!(shown(&authority, &world, "a.example"), first.der());
    rename_over(&key, &second.key);
    world.applied();
    assert_eq!(shown(&authority, &world, "a.example"), second.der());
    for bad in ["", "text", &second.certificate[..200]] {
        rename_over(&pem, bad);
        let outcome = world.outcome();
        assert!(
            matches!(*outcome, Outcome::Rejected { .. }),
            "{bad:?}: {outcome:?}"
        );
        assert_eq!(shown(&authority, &world, "a.example"), second.der());
    }
    // The halves of a pair that come soon after each other are no cause for a complaint.
    rename_over(&pem, &first.certificate);
    rename_over(&key, &first.key);
    world.applied();
    assert_eq!(shown(&authority, &world, "a.example"), first.der());
}

#[test]
fn sessions_and_what_is_open_outlive_a_change() {
    let authority = Authority::new();
    let (first, second) = (authority.issue("a.example"), authority.issue("a.example"));
    let client = authority.client(None);
    let origin = gated("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "late");
    let text = config(origin.address, &["a"], "");
    let world = world(&[("a", &first), ("b", &second)], &text);
    let kind = |client: &Arc<ClientConfig>| ask(client, world.address(), "a.example").expect("an answer").1;
    let mut open = secure(&client, world.address(), "a.example");
    open.write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
        .expect("to send");
    origin.arrived();
    assert!(read_head_of(&mut open).starts_with("HTTP/1.1 200"));

    let own = text.clone() + "response_headers: {set: {x-generation: g2}}\n";
    let own = own.replace(
        "{upstream: app}",
        "{path: /slow, upstream: app}, {respond: {body: own}}",
    );
    world.apply(&own);
    // The one that is open has brought a ticket.
    assert_eq!(kind(&client), HandshakeKind::Resumed);
    world.apply(&own.replace("g2", "g3"));
    assert_eq!(kind(&client), HandshakeKind::Resumed);
    world.apply(&own.replace("file:a.", "file:b."));
    assert_eq!(kind(&client), HandshakeKind::Resumed);
    assert_eq!(shown(&authority, &world, "a.example"), second.der());

    origin.open();
    let mut rest = String::new();
    open.read_to_string(&mut rest)
        .expect("the rest, and a polite end");
    assert_eq!(rest, "late");
}

pub(crate) fn read_head_of(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        head.extend(byte);
    }
    String::from_utf8(head).expect("text")
}

#[test]
fn clients_are_asked_for_a_certificate_and_no_session_gets_round_it() {
    let (authority, clients, others) = (Authority::new(), Authority::new(), Authority::new());
    let pair = authority.issue("a.example");
    let origin = echo("app");
    let world = world(&[("a", &pair)], &config(origin, &["a"], ""));
    let write = |name: &str, authority: &Authority| {
        fs::write(world.folder.path().join(name), authority.0.pem()).expect("a file");
    };
    write("clients.pem", &clients);
    write("others.pem", &others);
    let nobody = authority.client(None);
    assert!(ask(&nobody, world.address(), "a.example").is_ok());
    assert_eq!(
        ask(&nobody, world.address(), "a.example").expect("an answer").1,
        HandshakeKind::Resumed
    );

    let asks = |file: &str, mode: &str| {
        config(
            origin,
            &["a"],
            &format!(", client_auth: {{ca: '${{file:{file}}}', mode: {mode}}}"),
        )
    };
    world.apply(&asks("clients.pem", "required"));
    // A session from before is no way in.
    assert!(ask(&nobody, world.address(), "a.example").is_err());
    let own = clients.issue("client");
    let known = authority.client(Some(&own));
    let stranger = others.issue("client");
    let stranger = authority.client(Some(&stranger));
    assert!(ask(&known, world.address(), "a.example").is_ok());
    assert_eq!(
        ask(&known, world.address(), "a.example").expect("an answer").1,
        HandshakeKind::Resumed
    );
    assert!(ask(&stranger, world.address(), "a.example").is_err());

    world.apply(&asks("clients.pem", "optional"));
    assert!(ask(&nobody, world.address(), "a.example").is_ok());
    assert!(ask(&stranger, world.address(), "a.example").is_err());

    world.apply(&asks("others.pem", "required"));
    assert!(ask(&known, world.address(), "a.example").is_err());
    assert!(ask(&stranger, world.address(), "a.example").is_ok());
}

#[test]
fn who_does_not_shake_hands_holds_up_nobody() {
    let authority = Authority::new();
    let pair = authority.issue("a.example");
    let client = authority.client(None);
    let limits = "limits: {header_read_timeout: 300ms}\n";
    let world = world(&[("a", &pair)], &(config(echo("app"), &["a"], "") + limits));
    // One that says nothing, and one that speaks in the clear.
    let mut silent = connect(world.address());
    let mut clear = connect(world.address());
    clear
        .write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
        .expect("to send");
    assert!(ask(&client, world.address(), "a.example").is_ok());
    let began = std::time::Instant::now();
    for stream in [&mut silent, &mut clear] {
        let mut rest = Vec::new();
        // A reset is an end too.
        let _ = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    }
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn who_is_queued_at_a_listener_that_goes_is_still_served_by_tls() {
    let authority = Authority::new();
    let pair = authority.issue("a.example");
    let client = authority.client(None);
    let origin = echo("app");
    let text = config(origin, &["a"], "");
    let world = world(&[("a", &pair)], &text);
    let address = world.address();
    // Connected, and the handshake begins only after the listener is gone.
    let mut early = secure(&client, address, "a.example");
    world.apply(&text.replace("127.0.0.1:0", "127.0.0.89:0"));
    early
        .write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
        .expect("to send");
    let head = read_head_of(&mut early);
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("connection: close"),
        "{head}"
    );
}

#[test]
fn the_oldest_version_and_what_is_revoked_are_those_of_the_last_change() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let pair = authority.issue("a.example");
    let origin = echo("app");
    let world = world(&[("a", &pair)], &config(origin, &["a"], ""));
    let old = || {
        ask(
            &authority.client_of(None, &[&TLS12]),
            world.address(),
            "a.example",
        )
    };
    assert!(old().is_ok());
    world.apply(&config(origin, &["a"], ", min_version: '1.3'"));
    assert!(old().is_err());
    assert_eq!(shown(&authority, &world, "a.example"), pair.der());

    let (good, lost) = (clients.issue("client"), clients.issue("client"));
    let file =
        |name: &str, content: &str| fs::write(world.folder.path().join(name), content).expect("a file");
    file("clients.pem", &clients.0.pem());
    file("revoked.pem", &clients.revoke(&[]));
    let asks = ", client_auth: {ca: '${file:clients.pem}', crl: '${file:revoked.pem}'}";
    world.apply(&config(origin, &["a"], asks));
    let may = |pair: &Pair| ask(&authority.client(Some(pair)), world.address(), "a.example").is_ok();
    assert!(may(&good) && may(&lost));
    let session = authority.client(Some(&lost));
    assert!(ask(&session, world.address(), "a.example").is_ok());
    rename_over(
        &world.folder.path().join("revoked.pem"),
        &clients.revoke(&[&lost]),
    );
    world.applied();
    assert!(may(&good) && !may(&lost));
    assert!(ask(&session, world.address(), "a.example").is_err());
}
