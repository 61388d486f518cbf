//! The world around a proxy under test: origins that do as they are told, and a client that shows every byte.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use reloadspec_proxy::reload::Outcome;
use reloadspec_proxy::{Options, Proxy};
use tempfile::TempDir;

/// Longer than anything should take; shorter than what a person waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy with a folder of its own.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) config: PathBuf,
    pub(crate) proxy: Running,
    pub(crate) outcomes: Receiver<Arc<Outcome>>,
}

/// A proxy that ends when the test does: each holds a handle for the events of files, of which one user has 128.
pub(crate) struct Running(Option<Proxy>);

impl Running {
    pub(crate) fn shutdown(mut self) {
        self.0.take().expect("a proxy").shutdown();
    }
}

impl std::ops::Deref for Running {
    type Target = Proxy;

    fn deref(&self) -> &Proxy {
        self.0.as_ref().expect("a proxy")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What the test has left open may take its time.
        if let Some(proxy) = self.0.take() {
            thread::spawn(move || proxy.shutdown());
        }
    }
}

impl World {
    /// Starts a proxy with this configuration.
    pub(crate) fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("proxy.yaml");
        fs::write(&path, config).expect("a file");
        Self::start_at(folder, path)
    }

    /// Starts a proxy with the configuration at `path`.
    pub(crate) fn start_at(folder: TempDir, path: PathBuf) -> Self {
        let options = Options::new(&path);
        Self::start_with(folder, path, options)
    }

    /// Starts a proxy with the configuration at `path`, in its own way.
    pub(crate) fn start_with(folder: TempDir, path: PathBuf, options: Options) -> Self {
        let proxy = Proxy::start(options).unwrap_or_else(|error| panic!("{error}"));
        let outcomes = proxy.subscribe();
        Self {
            folder,
            config: path,
            proxy: Running(Some(proxy)),
            outcomes,
        }
    }

    /// Replaces the configuration by a rename.
    pub(crate) fn rename_over(&self, config: &str) {
        rename_over(&self.config, config);
    }

    /// Replaces the configuration and waits until it serves.
    pub(crate) fn apply(&self, config: &str) {
        self.rename_over(config);
        self.applied();
    }

    /// Waits for the next outcome, which has to be a success.
    pub(crate) fn applied(&self) {
        let outcome = self.outcome();
        assert!(matches!(*outcome, Outcome::Applied { .. }), "{outcome:?}");
    }

    pub(crate) fn outcome(&self) -> Arc<Outcome> {
        self.outcomes.recv_timeout(PATIENCE).expect("an outcome")
    }

    /// The address of the only listener.
    pub(crate) fn address(&self) -> SocketAddr {
        self.proxy.addresses()[0].1.tcp().expect("of TCP")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        get(self.address(), path)
    }
}

pub(crate) fn rename_over(path: &Path, content: &str) {
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, content).expect("a file");
    fs::rename(fresh, path).expect("a rename");
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head
            .get(9..12)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = |line: &'_ str| {
            line.split_once(": ")
                .is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        self.head
            .lines()
            .find(|line| found(line))
            .and_then(|line| line.split_once(": "))
            .map(|(_, value)| value)
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}

/// Sends bytes on a fresh connection and reads until the other side closes.
pub(crate) fn raw(address: SocketAddr, request: &str) -> Answer {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).expect("to send");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("to receive");
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    Answer {
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    raw(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"),
    )
}

/// Sends a request on a kept connection and reads one answer with a Content-Length.
pub(crate) fn ask(stream: &mut TcpStream, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).expect("to send");
    read_answer(stream)
}

pub(crate) fn read_answer(stream: &mut TcpStream) -> Answer {
    let head = read_head(stream);
    let length = Answer {
        head: head.clone(),
        body: String::new(),
    }
    .field("content-length")
    .map(str::to_owned);
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body).expect("a body");
    Answer {
        head,
        body: String::from_utf8(body).expect("text"),
    }
}

/// Reads up to the blank line after a head.
pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).expect("a byte") {
            0 => break,
            _ => head.push(byte[0]),
        }
    }
    String::from_utf8(head).expect("text")
}

/// A server that hands every connection to `serve`.
pub(crate) fn origin(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("its address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(PATIENCE));
                serve(stream);
            });
        }
    });
    address
}

/// A server that holds each answer back.
pub(crate) struct Gated {
    pub(crate) address: SocketAddr,
    arrivals: Receiver<()>,
    gate: Sender<()>,
}

/// A server that sends the first part of its answer with the request, and the rest once it may.
pub(crate) fn gated(at_once: &'static str, later: &'static str) -> Gated {
    let (arrived, arrivals) = mpsc::channel();
    let (gate, open) = mpsc::channel();
    let open = Mutex::new(open);
    let address = origin(move |mut stream| {
        read_head(&mut stream);
        stream.write_all(at_once.as_bytes()).expect("to send");
        arrived.send(()).expect("a test that listens");
        open.lock().expect("a gate").recv().expect("a test that opens");
        stream.write_all(later.as_bytes()).expect("to send");
    });
    Gated {
        address,
        arrivals,
        gate,
    }
}

impl Gated {
    /// Waits until a request has come.
    pub(crate) fn arrived(&self) {
        self.arrivals.recv().expect("a request");
    }

    /// The same where others have to have their turn meanwhile.
    pub(crate) async fn came(&self) {
        while self.arrivals.try_recv().is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Lets the answer go.
    pub(crate) fn open(&self) {
        self.gate.send(()).expect("an origin that waits");
    }
}

/// A server that answers every request with the request's head as its body, after its name.
pub(crate) fn echo(name: &'static str) -> SocketAddr {
    origin(move |mut stream| {
        loop {
            let head = read_head(&mut stream);
            if head.is_empty() {
                return;
            }
            let body = format!("{name}\n{head}");
            let close = if head.to_lowercase().contains("x-please-close") {
                "connection: close\r\n"
            } else {
                ""
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\n{close}content-length: {}\r\n\r\n{body}",
                body.len()
            );
            if stream.write_all(answer.as_bytes()).is_err() || !close.is_empty() {
                return;
            }
        }
    })
}

/// A configuration with one listener and one upstream, stamped with a generation.
pub(crate) fn config(generation: &str, origin: SocketAddr) -> String {
    config_at("127.0.0.1:0", generation, origin)
}

pub(crate) fn config_at(listen: &str, generation: &str, origin: SocketAddr) -> String {
    format!(
        "listeners: [{{name: web, address: '{listen}'}}]\n\
         response_headers: {{set: {{x-generation: '{generation}'}}}}\n\
         routes: [{{upstream: app, request_headers: {{set: {{authorization: 'Bearer {generation}'}}}}}}]\n\
         upstreams: [{{name: app, endpoints: [{{address: '{origin}'}}]}}]\n"
    )
}

/// The generation that the proxy serves.
pub(crate) fn generation(world: &World) -> String {
    world.get("/").field("x-generation").expect("a stamp").to_owned()
}

/// A process that ends with the test, however the test ends.
pub(crate) struct Owned(pub(crate) Child);

impl std::ops::Deref for Owned {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl std::ops::DerefMut for Owned {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            // It may have ended meanwhile.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
