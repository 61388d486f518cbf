//! Clients that others wrote, while the configuration changes under them: each is run where it is installed, and said to be not run where it is not.
//!
//! `cargo xtask ci --step clients` shows which were.

mod pebble;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::authority::Authority;
use crate::support::{Owned, PATIENCE, World, echo, rename_over};

/// Between two changes.
const STEP: Duration = Duration::from_millis(20);

/// A configuration by its number.
type Config = Box<dyn Fn(u64) -> String>;

fn config(origin: SocketAddr, more: &'static str, tls: &'static str) -> Config {
    Box::new(move |number| {
        format!(
            "listeners: [{{name: web, address: '127.0.0.1:0'{tls}}}]\n\
             response_headers: {{set: {{x-generation: 'g{number}'}}}}\n\
             routes: [{{upstream: app}}, {{path: /own, respond: {{body: own}}}}]\n\
             upstreams: [{{name: app{more}, endpoints: [{{address: '{origin}'}}]}}]\n"
        )
    })
}

const PAIR: &str = ", tls: {certificates: [{certificate: '${file:a.pem}', key: '${file:a.key}'}]}";

/// Runs a program while the configuration changes, and says what it wrote; nothing if it is not there.
fn run(world: &World, config: &Config, program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    if let Some(folder) = std::env::var_os("RELOADSPEC_PYTHON") {
        command.env("PYTHONPATH", folder);
    }
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = Owned(child.ok()?);
    let collect = |stream: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let lines = BufReader::new(stream).lines().map_while(Result::ok);
            lines.collect::<Vec<_>>().join("\n")
        })
    };
    let output = collect(Box::new(child.stdout.take().expect("a stream")));
    let errors = collect(Box::new(child.stderr.take().expect("a stream")));
    let (deadline, mut number) = (Instant::now() + 3 * PATIENCE, 1);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
        assert!(Instant::now() < deadline, "{program} does not end");
        number += 1;
        rename_over(&world.config, &config(number));
        thread::sleep(STEP);
    };
    let (output, errors) = (output.join().expect("text"), errors.join().expect("text"));
    if errors.contains("No module named") {
        return None;
    }
    assert!(
        status.success(),
        "{program} {arguments:?}: {status}\n{output}\n{errors}"
    );
    Some(output)
}

/// Says what was run, in a line of its own that CI looks for.
fn tell(client: &str, ran: Option<&str>) {
    match ran {
        Some(said) => println!("client: {client}: {said}"),
        None => println!("client: {client}: not run, it is not installed"),
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    listener.local_addr().expect("its address").port()
}

fn script(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name);
    path.display().to_string()
}

#[test]
fn curl() {
    let authority = Authority::new();
    let pair = authority.issue("a.example");
    let plain = config(echo("app"), "", "");
    let secure = config(echo("app"), "", PAIR);
    let (clear, tls) = (
        World::start(&plain(1)),
        crate::tls::world(&[("a", &pair)], &secure(1)),
    );
    let ca = tls.folder.path().join("ca.pem");
    fs::write(&ca, authority.0.pem()).expect("a file");
    let ca = ca.display().to_string();
    let port = tls.address().port();
    let clear_url = format!("http://{}/[1-300]", clear.address());
    let tls_url = format!("https://a.example:{port}/[1-300]");
    let resolve = format!("a.example:{port}:127.0.0.1");
    let common = [
        "--silent",
        "--show-error",
        "--fail",
        "--max-time",
        "30",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code} %{http_version}\n",
    ];
    // Curl before 8.0 does not find its way back to a connection of HTTP/2 in the clear.
    let once = format!("http://{}/", clear.address());
    for (world, config, wanted, more) in [
        (&clear, &plain, "200 1.1", &[clear_url.as_str(), "--http1.1"][..]),
        (&clear, &plain, "200 2", &[&once, "--http2-prior-knowledge"]),
        (&clear, &plain, "200 1.1", &[&clear_url, "--http2"]),
        (
            &tls,
            &secure,
            "200 2",
            &[&tls_url, "--cacert", &ca, "--resolve", &resolve, "--http2"],
        ),
        (
            &tls,
            &secure,
            "200 1.1",
            &[&tls_url, "--cacert", &ca, "--resolve", &resolve, "--http1.1"],
        ),
    ] {
        let Some(said) = run(world, config, "curl", &[&common[..], more].concat()) else {
            return tell("curl", None);
        };
        let count = if more[0] == once { 1 } else { 300 };
        let good = said.lines().filter(|line| *line == wanted).count();
        assert_eq!(good, count, "{more:?}: {said}");
    }
    tell(
        "curl",
        Some(
            "300 requests each by HTTP/1.1, by a refused upgrade to HTTP/2, and by both in TLS; one by HTTP/2 in the clear",
        ),
    );
}

#[test]
fn h2load() {
    let plain = config(echo("app"), "", "");
    let world = World::start(&plain(1));
    let url = format!("http://{}/own", world.address());
    let load = ["-n", "20000", "-c", "10", "-m", "20", "-T", "20", &url];
    let said = run(&world, &plain, "h2load", &load);
    if let Some(said) = &said {
        assert!(
            said.contains("20000 succeeded, 0 failed, 0 errored, 0 timeout"),
            "{said}"
        );
        assert!(said.contains("status codes: 20000 2xx"), "{said}");
    }
    tell(
        "h2load",
        said.as_ref()
            .map(|_| "20 000 streams of 10 connections, none failed"),
    );
}

#[test]
fn nghttp() {
    let plain = config(echo("app"), "", "");
    let world = World::start(&plain(1));
    let url = format!("http://{}/", world.address());
    let said = run(
        &world,
        &plain,
        "nghttp",
        &["--no-dep", "--verbose", "--multiply=50", &url],
    );
    if let Some(said) = &said {
        assert_eq!(said.matches(":status: 200").count(), 50, "{said}");
        let is_bad = said.contains("RST_STREAM") || said.contains("error_code=PROTOCOL");
        assert!(!is_bad, "{said}");
    }
    tell("nghttp", said.as_ref().map(|_| "50 streams, no reset"));
}

#[test]
fn openssl() {
    let authority = Authority::new();
    let pair = authority.issue("a.example");
    let secure = config(echo("app"), "", PAIR);
    let world = crate::tls::world(&[("a", &pair)], &secure(1));
    let ca = world.folder.path().join("ca.pem");
    fs::write(&ca, authority.0.pem()).expect("a file");
    let (ca, address) = (ca.display().to_string(), world.address().to_string());
    let common = [
        "s_client",
        "-connect",
        &address,
        "-servername",
        "a.example",
        "-CAfile",
        &ca,
        "-verify_return_error",
    ];
    let mut said = None;
    for (version, more) in [
        ("TLSv1.2", &["-tls1_2", "-reconnect"][..]),
        ("TLSv1.3", &["-tls1_3", "-alpn", "h2"]),
    ] {
        let Some(found) = run(&world, &secure, "openssl", &[&common[..], more].concat()) else {
            return tell("openssl s_client", None);
        };
        assert!(
            found.contains(version) && found.contains("Verify return code: 0"),
            "{found}"
        );
        if more.contains(&"-reconnect") {
            assert_eq!(found.matches("Reused, ").count(), 5, "{found}");
        } else {
            assert!(found.contains("ALPN protocol: h2"), "{found}");
        }
        said = Some("TLS 1.2 with five sessions resumed over changes, and TLS 1.3 with ALPN");
    }
    tell("openssl s_client", said);
}

#[test]
fn python_websockets() {
    let port = free_port();
    let plain = config(([127, 0, 0, 1], port).into(), "", "");
    let world = World::start(&plain(1));
    let arguments = [
        script("websocket.py"),
        port.to_string(),
        world.address().to_string(),
    ];
    let said = run(
        &world,
        &plain,
        "python3",
        &arguments.each_ref().map(String::as_str),
    );
    tell(
        "Python's websockets",
        said.as_deref().and_then(|said| said.lines().last()),
    );
}

#[test]
fn python_grpc() {
    let port = free_port();
    let checked = ", protocol: http2, health: {type: grpc, service: echo, interval: 100ms, unhealthy_after: 3, healthy_after: 1}";
    let calls = config(([127, 0, 0, 1], port).into(), checked, "");
    let world = World::start(&calls(1));
    let arguments = [
        script("grpc_calls.py"),
        port.to_string(),
        world.address().to_string(),
    ];
    let said = run(
        &world,
        &calls,
        "python3",
        &arguments.each_ref().map(String::as_str),
    );
    tell(
        "Python's grpcio",
        said.as_deref().and_then(|said| said.lines().last()),
    );
}
