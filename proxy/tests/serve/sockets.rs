//! Sockets in the file system, and addresses that change what they are for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use reloadspec_proxy::reload::Outcome;

use crate::admin::free;
use crate::support::{World, config_at, echo, get};

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Asks at a path, on a fresh connection.
fn at(path: &Path) -> io::Result<String> {
    exchange(UnixStream::connect(path)?)
}

fn exchange(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(REQUEST.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Somebody who asks again and again, on fresh connections, until told to stop.
struct Flood {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    thread: JoinHandle<Vec<String>>,
}

impl Flood {
    /// Notes every answer that is none of the traffic's or of the admin API's.
    fn start(ask: impl Fn() -> io::Result<String> + Send + 'static) -> Self {
        let (stop, count) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&count));
        let run = move || {
            let mut failures = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                match ask() {
                    Ok(answer) if answer.starts_with("HTTP/1.1 200") => {}
                    other => failures.push(format!("{other:?}")),
                }
                counted.fetch_add(1, Ordering::Relaxed);
            }
            failures
        };
        Self {
            stop,
            count,
            thread: thread::spawn(run),
        }
    }

    fn wait_for_more(&self) {
        let goal = self.count.load(Ordering::Relaxed) + 20;
        while self.count.load(Ordering::Relaxed) < goal {
            thread::yield_now();
        }
    }

    fn failures(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a flood")
    }
}

fn config(address: &str, stamp: &str, origin: SocketAddr, admin: &str) -> String {
    format!(
        "{}admin: {{address: '{admin}'}}\n",
        config_at(address, stamp, origin)
    )
}

fn is_traffic(answer: &str, stamp: &str) -> bool {
    answer.contains(&format!("x-generation: {stamp}\r\n"))
}

fn is_admin(answer: &str) -> bool {
    answer.contains("config_version") && !answer.contains("x-generation")
}

#[test]
fn a_socket_in_the_file_system_serves_through_every_change_and_goes_with_its_listener() {
    let app = echo("a");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("web.sock");
    // Left behind by somebody who was killed.
    drop(UnixListener::bind(&path).expect("a socket"));
    let address = format!("unix:{}", path.display());
    let world = World::start(&config_at(&address, "g0", app));
    let metadata = std::fs::metadata(&path).expect("a socket");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o666);
    let asked = path.clone();
    let flood = Flood::start(move || at(&asked));
    for round in 1..=10 {
        let stamp = format!("g{round}");
        world.apply(&(config_at(&address, &stamp, app) + &format!("workers: {}\n", round % 3 + 1)));
        assert!(is_traffic(&at(&path).expect("an answer"), &stamp), "{stamp}");
        world.rename_over("workers: many\n");
        assert!(matches!(*world.outcome(), Outcome::Rejected { .. }));
        flood.wait_for_more();
    }
    assert_eq!(
        metadata.ino(),
        std::fs::metadata(&path).expect("a socket").ino(),
        "it was made anew"
    );
    assert_eq!(flood.failures(), Vec::<String>::new());

    // What says which client it is for is left as it is.
    let mut stream = UnixStream::connect(&path).expect("a connection");
    let asked = "GET / HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 192.0.2.7\r\nConnection: close\r\n\r\n";
    stream.write_all(asked.as_bytes()).expect("to send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("x-forwarded-for: 192.0.2.7\r\n"), "{answer}");

    let tcp = free("127.0.0.71");
    world.apply(&config_at(&tcp.to_string(), "g11", app));
    assert!(!path.exists());
    assert_eq!(get(tcp, "/").field("x-generation"), Some("g11"));
    world.apply(&config_at(&address, "g12", app));
    assert!(is_traffic(&at(&path).expect("an answer"), "g12"));
    assert!(TcpStream::connect(tcp).is_err());
    world.proxy.shutdown();
    assert!(!path.exists());
}

#[test]
fn a_socket_that_somebody_uses_refuses_the_change() {
    let app = echo("a");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("web.sock");
    let theirs = UnixListener::bind(&path).expect("a socket");
    let world = World::start(&config_at("127.0.0.1:0", "g0", app));
    world.rename_over(&config_at(&format!("unix:{}", path.display()), "g1", app));
    let outcome = world.outcome();
    assert!(matches!(*outcome, Outcome::Rejected { .. }), "{outcome:?}");
    assert_eq!(crate::support::generation(&world), "g0");
    drop(theirs);
    assert!(path.exists());
}

#[test]
fn traffic_and_the_admin_api_change_places_without_a_refused_connection() {
    let app = echo("a");
    let (one, other) = (free("127.0.0.72"), free("127.0.0.73"));
    let tcp = |place: SocketAddr| move || exchange(TcpStream::connect(place)?);
    let world = World::start(&config(&one.to_string(), "g0", app, &other.to_string()));
    let floods = [Flood::start(tcp(one)), Flood::start(tcp(other))];
    for round in 1..=10 {
        let stamp = format!("g{round}");
        let (web, admin) = if round % 2 == 0 {
            (one, other)
        } else {
            (other, one)
        };
        world.apply(&config(&web.to_string(), &stamp, app, &admin.to_string()));
        assert!(is_traffic(&tcp(web)().expect("an answer"), &stamp));
        assert!(is_admin(&tcp(admin)().expect("an answer")));
        floods.iter().for_each(Flood::wait_for_more);
    }
    for flood in floods {
        assert_eq!(flood.failures(), Vec::<String>::new());
    }
}

#[test]
fn a_socket_in_the_file_system_is_for_its_owner_alone_while_it_is_the_admin_apis() {
    let app = echo("a");
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (folder.path().join("one.sock"), folder.path().join("other.sock"));
    let config = |web: &Path, stamp: &str, admin: &Path| {
        let of = |path: &Path| format!("unix:{}", path.display());
        config(&of(web), stamp, app, &of(admin))
    };
    let mode = |path: &Path| std::fs::metadata(path).expect("a socket").permissions().mode() & 0o777;
    let world = World::start(&config(&one, "g0", &other));
    let asked = one.clone();
    let flood = Flood::start(move || at(&asked));
    for round in 1..=6 {
        let stamp = format!("g{round}");
        let (web, admin) = if round % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        world.apply(&config(web, &stamp, admin));
        assert!(is_traffic(&at(web).expect("an answer"), &stamp));
        assert!(is_admin(&at(admin).expect("an answer")));
        assert_eq!((mode(web), mode(admin)), (0o666, 0o600));
        flood.wait_for_more();
    }
    assert_eq!(flood.failures(), Vec::<String>::new());
}
