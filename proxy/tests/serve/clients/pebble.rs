//! Certificates from an authority that others wrote.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use reloadspec_proxy::{Options, Proxy};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use super::{free_port, tell};
use crate::authority::Authority;
use crate::support::{Owned, PATIENCE, get, rename_over};
use crate::tls::ask;

/// An authority, and the names of the world as it sees them: all of them are this machine.
struct Pebble {
    _names: Owned,
    authority: Owned,
    listen: SocketAddr,
    management: SocketAddr,
    /// Who issued the certificate of its own server, and the file that says so.
    issuer: Authority,
    ca: PathBuf,
    plain: u16,
    secure: u16,
}

fn start(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Option<Owned> {
    let mut command = Command::new(program);
    command.args(arguments).envs(variables.iter().copied());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Some(Owned(command.spawn().ok()?))
}

impl Pebble {
    /// Nothing if it is not installed. It looks for hosts at these ports.
    fn start(folder: &Path, plain: u16, secure: u16) -> Option<Self> {
        let dns = UdpSocket::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("it")
            .to_string();
        let names = ["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", &dns];
        let nothing_else = ["-http01", "", "-https01", "", "-tlsalpn01", ""];
        let management = format!("127.0.0.1:{}", free_port());
        let names = [&names[..], &nothing_else[..], &["-management", &management]].concat();
        let names = start("pebble-challtestsrv", &names, &[])?;
        let issuer = Authority::new();
        let pair = issuer.issue("localhost");
        let (certificate, key) = (folder.join("pebble.pem"), folder.join("pebble.key"));
        fs::write(&certificate, &pair.certificate).expect("a file");
        fs::write(&key, &pair.key).expect("a file");
        let (listen, management) = (free_port(), free_port());
        let config = format!(
            r#"{{"pebble": {{"listenAddress": "127.0.0.1:{listen}", "managementListenAddress": "127.0.0.1:{management}",
                "certificate": "{}", "privateKey": "{}", "httpPort": {plain}, "tlsPort": {secure}, "ocspResponderURL": "",
                "externalAccountBindingRequired": false}}}}"#,
            certificate.display(),
            key.display(),
        );
        let path = folder.join("pebble.json");
        fs::write(&path, config).expect("a file");
        let path = path.display().to_string();
        // It refuses a good nonce now and then, as real ones may (RFC 8555 §6.5).
        let arguments = ["-config", &path, "-dnsserver", &dns];
        let authority = start("pebble", &arguments, &[("PEBBLE_VA_NOSLEEP", "1")])?;
        let pebble = Self {
            _names: names,
            authority,
            listen: SocketAddr::from(([127, 0, 0, 1], listen)),
            management: SocketAddr::from(([127, 0, 0, 1], management)),
            issuer,
            ca: folder.join("ca.pem"),
            plain,
            secure,
        };
        fs::write(&pebble.ca, pebble.issuer.0.pem()).expect("a file");
        Some(pebble)
    }

    /// A client that trusts what it issues.
    fn client(&self) -> Arc<ClientConfig> {
        for address in [self.management, self.listen] {
            let deadline = Instant::now() + PATIENCE;
            while let Err(error) = TcpStream::connect(address) {
                assert!(Instant::now() < deadline, "{address}: {error}");
                thread::sleep(Duration::from_millis(10));
            }
        }
        let pem = root(&self.issuer.client(None), self.management);
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
        roots.add(root).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
    }

    fn config(&self, hosts: &str, challenge: &str, storage: &str, number: u64) -> String {
        let Self {
            listen,
            ca,
            plain,
            secure,
            ..
        } = self;
        let directory = format!("https://localhost:{}/dir", listen.port());
        let ca = ca.display();
        format!(
            "acme: {{directory: '{directory}', terms_of_service: agreed, ca: '${{file:{ca}}}', storage: {storage}, \
             contact: ['mailto:ops@example.org'], challenge: {challenge}}}\n\
             listeners:\n\
             - {{name: plain, address: '127.0.0.1:{plain}'}}\n\
             - {{name: secure, address: '127.0.0.1:{secure}', tls: {{acme_hosts: [{hosts}]}}}}\n\
             admin: {{address: 'unix:{storage}.sock'}}\n\
             response_headers: {{set: {{x-generation: 'g{number}'}}}}\n\
             routes: [{{respond: {{body: own}}}}]\n"
        )
    }
}

/// The root of what is issued.
fn root(client: &Arc<ClientConfig>, management: SocketAddr) -> String {
    let mut stream = crate::tls::secure(client, management, "localhost");
    stream
        .write_all(b"GET /roots/0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("to send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// What the proxy says of its orders.
fn told(storage: &str) -> String {
    let mut admin = UnixStream::connect(format!("{storage}.sock")).expect("a connection");
    admin
        .write_all(b"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("to send");
    let mut status = String::new();
    admin.read_to_string(&mut status).expect("an answer");
    let (_, body) = status.split_once("\r\n\r\n").expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["certificates"].to_string()
}

/// The certificate that is shown for a host, as soon as there is one that is good.
fn shown(
    client: &Arc<ClientConfig>,
    address: SocketAddr,
    host: &str,
    storage: &str,
    mut meanwhile: impl FnMut(),
) -> Vec<u8> {
    let deadline = Instant::now() + 2 * PATIENCE;
    loop {
        match ask(client, address, host) {
            Ok((certificate, _, answer)) => {
                assert!(answer.ends_with("own"), "{answer}");
                return certificate;
            }
            Err(error) => assert!(Instant::now() < deadline, "{host}: {error}: {}", told(storage)),
        }
        meanwhile();
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_certificate_is_issued_outlives_changes_and_starts_and_its_authority_holds_up_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(pebble) = Pebble::start(folder.path(), free_port(), free_port()) else {
        return tell("pebble", None);
    };
    let client = pebble.client();
    let storage = folder.path().join("storage").display().to_string();
    let path = folder.path().join("proxy.yaml");
    let [plain, secure] = [pebble.plain, pebble.secure].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let mut number = 1;
    let mut config = |hosts: &str, challenge: &str| {
        number += 1;
        pebble.config(hosts, challenge, &storage, number)
    };
    rename_over(&path, &config("a.example", "tls-alpn-01"));
    let proxy = Proxy::start(Options::new(&path)).unwrap_or_else(|error| panic!("{error}"));
    // The configuration changes all the while.
    let first = shown(&client, secure, "a.example", &storage, || {
        rename_over(&path, &config("a.example", "tls-alpn-01"));
    });
    // Another host, in another way: what there is stays.
    let by_http = config("a.example, b.example", "http-01");
    rename_over(&path, &by_http);
    let second = shown(&client, secure, "b.example", &storage, || {
        rename_over(&path, &config("a.example, b.example", "http-01"));
    });
    assert_ne!(first, second);
    assert_eq!(shown(&client, secure, "a.example", &storage, || ()), first);
    assert_eq!(get(plain, "/.well-known/acme-challenge/x").body, "own");
    // After a start it is there at once, also if nobody issues anything.
    proxy.shutdown();
    let mut pebble_process = pebble.authority;
    pebble_process.kill().expect("to end it");
    let proxy = Proxy::start(Options::new(&path)).unwrap_or_else(|error| panic!("{error}"));
    let at_once = |host| ask(&client, secure, host).map(|(certificate, _, _)| certificate);
    assert_eq!(at_once("a.example"), Ok(first.clone()));
    let outcomes = proxy.subscribe();
    rename_over(&path, &by_http.replace("b.example", "c.example"));
    let outcome = outcomes.recv_timeout(PATIENCE).expect("an outcome");
    assert!(outcome.word() == "applied", "{outcome:?}");
    assert_eq!(at_once("a.example"), Ok(first));
    assert!(at_once("b.example").is_err() && at_once("c.example").is_err());
    proxy.shutdown();
    tell(
        "pebble",
        Some("issued by tls-alpn-01 and by http-01, and kept over changes and a start"),
    );
}

/// What the only folder below `storage` has under this name, once it is there.
fn stored(storage: &str, name: &str, is_wanted: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + 2 * PATIENCE;
    loop {
        let folders = fs::read_dir(storage).into_iter().flatten().flatten();
        let texts = folders.filter_map(|folder| fs::read_to_string(folder.path().join(name)).ok());
        if let Some(text) = texts.into_iter().find(|text| is_wanted(text)) {
            return text;
        }
        assert!(Instant::now() < deadline, "{storage}: no {name}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_authority_the_contact_and_the_storage_are_those_of_the_last_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (plain, secure) = (free_port(), free_port());
    let [one, other] = ["one", "other"].map(|name| {
        fs::create_dir(at(name)).expect("a folder");
        Pebble::start(&at(name), plain, secure)
    });
    let (Some(one), Some(other)) = (one, other) else {
        return tell("pebble, two of them", None);
    };
    let address = SocketAddr::from(([127, 0, 0, 1], secure));
    let [first, moved] = ["first", "moved"].map(|name| at(name).display().to_string());
    let path = at("proxy.yaml");
    let apply = |config: &str| rename_over(&path, config);
    apply(&one.config("a.example", "tls-alpn-01", &first, 1));
    let client = one.client();
    let proxy = Proxy::start(Options::new(&path)).unwrap_or_else(|error| panic!("{error}"));
    let issued = shown(&client, address, "a.example", &first, || ());
    let pem = stored(&first, "a.example.pem", |_| true);
    // What there is goes along to another storage, and is shown on.
    apply(&one.config("a.example, b.example", "tls-alpn-01", &moved, 2));
    assert_eq!(stored(&moved, "a.example.pem", |_| true), pem);
    shown(&client, address, "b.example", &moved, || ());
    assert_eq!(shown(&client, address, "a.example", &moved, || ()), issued);
    // The same account, with another contact.
    let account = stored(&moved, "account.json", |text| text.contains("ops@example.org"));
    let renamed = one.config("a.example, b.example, c.example", "tls-alpn-01", &moved, 3);
    apply(&renamed.replace("ops@", "new@"));
    let told = stored(&moved, "account.json", |text| text.contains("new@example.org"));
    let credentials = |text: &str| serde_json::from_str::<Value>(text).expect("JSON")["credentials"].clone();
    assert_eq!(credentials(&told), credentials(&account));
    // Another authority, whose server another one vouches for.
    let other_client = other.client();
    apply(&other.config("a.example", "tls-alpn-01", &moved, 4));
    assert_ne!(shown(&other_client, address, "a.example", &moved, || ()), issued);
    proxy.shutdown();
    tell(
        "pebble, two of them",
        Some("each issued for the same host, one after the other"),
    );
}
