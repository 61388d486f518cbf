//! What is open while a configuration changes ten times a second: WebSockets, calls of gRPC, readers of server-sent events, TLS handshakes and requests by HTTP/2, all
//! at once. Nothing may be lost, reset or out of order, and memory may not grow.
//!
//! `cargo xtask bench endurance -- --seconds 60`. No figure of speed: it passes, or says what was lost and ends with 1.

mod origins;

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use rcgen::{CertificateParams, KeyPair};
use reloadspec_proxy::{Options, Proxy};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

const WEB_SOCKETS: usize = 1_000;
const CALLS: usize = 200;
const READERS: usize = 100;
/// Between two changes.
const STEP: Duration = Duration::from_millis(100);
/// Between two messages of a WebSocket or of a call, and between two events.
const BEAT: Duration = Duration::from_millis(500);
/// Nothing may be silent for longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Calls on one connection.
const CALLS_EACH: usize = 50;
/// Says that this process is to be the proxy, by this configuration.
const AS_PROXY: &str = "RELOADSPEC_ENDURANCE_PROXY";

type Error = Box<dyn std::error::Error + Send + Sync>;
type Outcome = Result<(), Error>;

/// What was seen.
#[derive(Default)]
struct Seen {
    over: AtomicBool,
    messages: AtomicU64,
    call_messages: AtomicU64,
    events: AtomicU64,
    handshakes: AtomicU64,
    requests: AtomicU64,
}

fn main() -> ExitCode {
    if let Some(path) = env::var_os(AS_PROXY) {
        let _proxy = Proxy::start(Options::new(Path::new(&path))).unwrap_or_else(|error| panic!("{error}"));
        loop {
            std::thread::park();
        }
    }
    let mut arguments = env::args().skip_while(|argument| argument != "--seconds").skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.expect("a runtime").block_on(endure(seconds)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lost: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A proxy in a process of its own, which ends with this one's run.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Served {
    fn memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0)
    }
}

struct Places {
    clear: SocketAddr,
    tls: SocketAddr,
    plain_origin: SocketAddr,
    http2_origin: SocketAddr,
}

fn config(places: &Places, generation: u64) -> String {
    let Places {
        clear,
        tls,
        plain_origin,
        http2_origin,
    } = places;
    format!(
        "log: {{level: warn}}\nlisteners:\n  - {{name: clear, address: '{clear}'}}\n\
         \x20 - {{name: tls, address: '{tls}', tls: {{certificates: [{{certificate: '${{file:a.pem}}', key: '${{file:a.key}}'}}]}}}}\n\
         response_headers: {{set: {{x-generation: '{generation}'}}}}\n\
         routes: [{{upstream: plain}}, {{prefix: /call, upstream: calls}}, {{path: /own, respond: {{body: own}}}}]\n\
         upstreams:\n  - {{name: plain, endpoints: [{{address: '{plain_origin}'}}]}}\n\
         \x20 - {{name: calls, protocol: http2, endpoints: [{{address: '{http2_origin}'}}]}}\n"
    )
}

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    listener.local_addr().expect("its address")
}

async fn endure(seconds: u64) -> Outcome {
    let folder = tempfile::tempdir()?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["a.example".to_owned()])?.self_signed(&key)?;
    fs::write(folder.path().join("a.pem"), certificate.pem())?;
    fs::write(folder.path().join("a.key"), key.serialize_pem())?;
    let places = Places {
        clear: free_address(),
        tls: free_address(),
        plain_origin: origins::plain_origin().await?,
        http2_origin: origins::http2_origin().await?,
    };
    let path = folder.path().join("proxy.yaml");
    fs::write(&path, config(&places, 0))?;
    let proxy = Command::new(env::current_exe()?)
        .env(AS_PROXY, &path)
        .stdin(Stdio::null())
        .spawn()?;
    let proxy = Served(proxy);
    while TcpStream::connect(places.clear).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seen = Arc::new(Seen::default());
    let mut all = JoinSet::new();
    for _ in 0..WEB_SOCKETS {
        all.spawn(web_socket(places.clear, Arc::clone(&seen)));
    }
    for _ in 0..CALLS / CALLS_EACH {
        all.spawn(calls(places.clear, Arc::clone(&seen)));
    }
    for _ in 0..READERS {
        all.spawn(reader(places.clear, Arc::clone(&seen)));
    }
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone())?;
    all.spawn(handshakes(places.tls, roots, Arc::clone(&seen)));
    all.spawn(requests(places.clear, Arc::clone(&seen)));

    // All of them are there before memory is looked at.
    tokio::time::sleep(Duration::from_secs(5).min(Duration::from_secs(seconds) / 4)).await;
    let (began, before) = (Instant::now(), proxy.memory_kib());
    let (mut generation, mut steps) = (0, tokio::time::interval(STEP));
    while began.elapsed() < Duration::from_secs(seconds) {
        tokio::select! {
            _ = steps.tick() => {
                generation += 1;
                let fresh = path.with_extension("fresh");
                fs::write(&fresh, config(&places, generation))?;
                fs::rename(fresh, &path)?;
            }
            Some(ended) = all.join_next() => ended??,
        }
    }
    let after = proxy.memory_kib();
    seen.over.store(true, Ordering::Relaxed);
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    let serving = serving(places.clear).await?;
    if serving != generation {
        return Err(format!("generation {serving} serves, and {generation} was the last").into());
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{generation} changes in {seconds} s, the last of which serves; nothing lost, reset or out of order of"
    );
    println!(
        "  {WEB_SOCKETS} WebSockets: {} messages there and back",
        count(&seen.messages)
    );
    println!(
        "  {CALLS} calls of gRPC: {} messages there and back",
        count(&seen.call_messages)
    );
    println!("  {READERS} readers: {} events", count(&seen.events));
    println!(
        "  {} TLS handshakes, {} requests by HTTP/2",
        count(&seen.handshakes),
        count(&seen.requests)
    );
    println!("  memory of the proxy: {before} KiB before the first change, {after} KiB after the last");
    Ok(())
}

async fn in_time<T>(what: &str, does: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(PATIENCE, does).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(format!("{what}: {error}").into()),
        Err(_) => Err(format!("{what}: silent for {PATIENCE:?}").into()),
    }
}

/// Up to the empty line after a head.
async fn head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Result<String, Error> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Err(format!("the end after {head:?}").into());
        }
    }
    Ok(head)
}

/// Numbered messages there and back. What is in a frame is none of the proxy's business, so that a number is a message here.
async fn web_socket(proxy: SocketAddr, seen: Arc<Seen>) -> Outcome {
    let mut stream = BufReader::new(TcpStream::connect(proxy).await?);
    let request = "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let answer = in_time("a WebSocket opens", head(&mut stream)).await?;
    if !answer.starts_with("HTTP/1.1 101 ") {
        return Err(format!("a WebSocket is answered by {answer:?}").into());
    }
    let mut number: u64 = 0;
    while !seen.over.load(Ordering::Relaxed) {
        number += 1;
        stream.write_all(&number.to_be_bytes()).await?;
        let back = in_time("a WebSocket", async { Ok(stream.read_u64().await?) }).await?;
        if back != number {
            return Err(format!("a WebSocket: {back} came back for {number}").into());
        }
        seen.messages.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(BEAT).await;
    }
    Ok(())
}

/// Streams both ways on one connection, with messages of gRPC, and trailers at the end.
async fn calls(proxy: SocketAddr, seen: Arc<Seen>) -> Outcome {
    let (send, connection) = h2::client::handshake(TcpStream::connect(proxy).await?).await?;
    let connection = tokio::spawn(connection);
    let mut all = JoinSet::new();
    for _ in 0..CALLS_EACH {
        all.spawn(call(send.clone(), Arc::clone(&seen)));
    }
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    connection.abort();
    Ok(())
}

async fn call(send: h2::client::SendRequest<Bytes>, seen: Arc<Seen>) -> Outcome {
    let request = http::Request::post("http://a/call/Stream")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())?;
    let (answer, mut out) = send.ready().await?.send_request(request, false)?;
    let message = |number: u64| Bytes::from([&[0, 0, 0, 0, 8][..], &number.to_be_bytes()].concat());
    out.send_data(message(0), false)?;
    let mut back = in_time("a call", async { Ok(answer.await?) }).await?.into_body();
    let (mut read, mut number) = (BytesMut::new(), 0);
    loop {
        while read.len() < 13 {
            let piece = in_time("a call", async { Ok(back.data().await.ok_or("it ends")??) }).await?;
            back.flow_control().release_capacity(piece.len())?;
            read.extend_from_slice(&piece);
        }
        read.advance(5);
        let came = read.get_u64();
        if came != number {
            return Err(format!("a call: {came} came back for {number}").into());
        }
        seen.call_messages.fetch_add(1, Ordering::Relaxed);
        if seen.over.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(BEAT).await;
        number += 1;
        out.send_data(message(number), false)?;
    }
    out.send_data(Bytes::new(), true)?;
    let trailers = in_time("a call ends", async { Ok(back.trailers().await?) }).await?;
    match trailers.and_then(|trailers| trailers.get("grpc-status").cloned()) {
        Some(status) if status == "0" => Ok(()),
        other => Err(format!("a call ends with {other:?}").into()),
    }
}

/// Events, each of which has the number after that of the one before.
async fn reader(proxy: SocketAddr, seen: Arc<Seen>) -> Outcome {
    let mut stream = BufReader::new(TcpStream::connect(proxy).await?);
    stream
        .write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        .await?;
    in_time("a reader begins", head(&mut stream)).await?;
    let mut expected: u64 = 0;
    while !seen.over.load(Ordering::Relaxed) {
        let mut line = String::new();
        in_time("a reader", async { Ok(stream.read_line(&mut line).await?) }).await?;
        // Between two events are the lines of chunks.
        if let Some(number) = line.strip_prefix("data: ") {
            if number.trim_end().parse() != Ok(expected) {
                return Err(format!("a reader: {line:?} came for {expected}").into());
            }
            expected += 1;
            seen.events.fetch_add(1, Ordering::Relaxed);
        } else if line.is_empty() {
            return Err("a reader: the end".into());
        }
    }
    Ok(())
}

async fn handshakes(proxy: SocketAddr, roots: RootCertStore, seen: Arc<Seen>) -> Outcome {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(client));
    while !seen.over.load(Ordering::Relaxed) {
        let name = ServerName::try_from("a.example")?;
        let answer = in_time("a handshake", async {
            let mut stream = connector.connect(name, TcpStream::connect(proxy).await?).await?;
            stream
                .write_all(b"GET /own HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
                .await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok(answer)
        });
        let answer = answer.await?;
        if !answer.starts_with("HTTP/1.1 200 ") {
            return Err(format!("a request by TLS: {answer:?}").into());
        }
        seen.handshakes.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// One connection, on which requests follow each other.
async fn requests(proxy: SocketAddr, seen: Arc<Seen>) -> Outcome {
    let (send, connection) = h2::client::handshake(TcpStream::connect(proxy).await?).await?;
    let connection = tokio::spawn(connection);
    let mut newest = 0;
    while !seen.over.load(Ordering::Relaxed) {
        let generation = ask(&send).await?;
        if generation < newest {
            return Err(format!("a request is answered by {generation} after {newest}").into());
        }
        newest = generation;
        seen.requests.fetch_add(1, Ordering::Relaxed);
    }
    connection.abort();
    Ok(())
}

async fn ask(send: &h2::client::SendRequest<Bytes>) -> Result<u64, Error> {
    let request = http::Request::get("http://a/own").body(())?;
    let answer = in_time("a request", async {
        Ok(send.clone().ready().await?.send_request(request, true)?.0.await?)
    });
    let answer = answer.await?;
    let generation = answer.headers().get("x-generation").ok_or("no generation")?;
    Ok(generation.to_str()?.parse()?)
}

async fn serving(proxy: SocketAddr) -> Result<u64, Error> {
    // The last change may not be there yet.
    tokio::time::sleep(10 * STEP).await;
    let (send, connection) = h2::client::handshake(TcpStream::connect(proxy).await?).await?;
    let connection = tokio::spawn(connection);
    let generation = ask(&send).await;
    connection.abort();
    generation
}
