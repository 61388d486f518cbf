//! Servers that can be told to fail, and that tell checks from traffic; and an admin listener to ask what is known of them.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::admin::call;
use crate::support::{PATIENCE, World, origin, read_head};

/// A status that is no answer: nothing is said.
pub(crate) const SILENT: u16 = 0;

/// A server with a name, which it answers with.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    fate: Arc<Fate>,
}

/// With which status it answers.
struct Fate {
    checks: AtomicU16,
    requests: AtomicU16,
    asked: Mutex<Vec<String>>,
}

impl Server {
    pub(crate) fn start(name: &'static str) -> Self {
        let fate = Arc::new(Fate {
            checks: AtomicU16::new(200),
            requests: AtomicU16::new(200),
            asked: Mutex::default(),
        });
        let own = Arc::clone(&fate);
        let address = origin(move |stream| serve(name, &own, stream));
        Self { address, fate }
    }

    pub(crate) fn answer_checks(&self, status: u16) {
        self.fate.checks.store(status, Ordering::SeqCst);
    }

    pub(crate) fn answer_requests(&self, status: u16) {
        self.fate.requests.store(status, Ordering::SeqCst);
    }

    /// The heads of the checks that it was asked by.
    pub(crate) fn checks(&self) -> Vec<String> {
        let asked = self.fate.asked.lock().expect("heads");
        asked.iter().filter(|head| is_check(head)).cloned().collect()
    }

    /// How many requests it got that were no checks.
    pub(crate) fn requests(&self) -> usize {
        let asked = self.fate.asked.lock().expect("heads");
        asked.iter().filter(|head| !is_check(head)).count()
    }
}

fn is_check(head: &str) -> bool {
    head.contains("reloadspec-proxy health check")
}

fn serve(name: &str, fate: &Fate, mut stream: TcpStream) {
    loop {
        let head = read_head(&mut stream);
        if head.is_empty() {
            return;
        }
        let status = if is_check(&head) {
            &fate.checks
        } else {
            &fate.requests
        };
        fate.asked.lock().expect("heads").push(head);
        let status = status.load(Ordering::SeqCst);
        if status == SILENT {
            // Until the other side has had enough.
            read_head(&mut stream);
            return;
        }
        let length = name.len();
        let answer = format!("HTTP/1.1 {status} As Told\r\ncontent-length: {length}\r\n\r\n{name}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Waits for something.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A configuration of one upstream with these servers, an admin listener if there is an address, and more.
pub(crate) fn config(servers: &[&Server], of_upstream: &str, more: &str) -> String {
    let endpoints: Vec<_> = servers
        .iter()
        .map(|server| format!("{{address: '{}'}}", server.address))
        .collect();
    format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app}}]\n\
         upstreams: [{{name: app, endpoints: [{}]{of_upstream}}}]\n{more}",
        endpoints.join(", ")
    )
}

/// The bodies of so many answers.
pub(crate) fn bodies(world: &World, count: usize) -> Vec<String> {
    (0..count).map(|_| world.get("/").body).collect()
}

/// What the status says of an endpoint.
pub(crate) fn known(admin: SocketAddr, server: &Server) -> Value {
    let (_, status) = call(admin, "GET", "/status");
    let endpoints = status["upstreams"][0]["endpoints"].as_array().expect("endpoints");
    let address = server.address.to_string();
    let found = endpoints
        .iter()
        .find(|endpoint| endpoint["address"] == address.as_str());
    found.expect("the endpoint").clone()
}
