//! Which connections to upstreams are kept, and for how long: a change counts for those that are open, and none ends under a request.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::admin::{at, free, request};
use crate::servers::until;
use crate::support::{World, connect, origin, raw, read_answer, read_head};

/// A server that counts its connections. It answers `/held` when it is told to.
struct Counted {
    address: SocketAddr,
    open: Arc<AtomicUsize>,
    opened: Arc<AtomicUsize>,
    held: Arc<Held>,
}

#[derive(Default)]
struct Held {
    waiting: AtomicUsize,
    /// How many may be answered.
    let_go: (Mutex<usize>, Condvar),
}

impl Held {
    fn wait(&self) {
        let (count, changed) = &self.let_go;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let count = count.lock().expect("a count");
        let mut count = changed.wait_while(count, |count| *count == 0).expect("a count");
        *count -= 1;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    fn arrived(&self, count: usize) {
        until("requests", || self.waiting.load(Ordering::SeqCst) == count);
    }

    fn let_go(&self, count: usize) {
        *self.let_go.0.lock().expect("a count") += count;
        self.let_go.1.notify_all();
    }
}

impl Counted {
    fn start() -> Self {
        let (open, opened) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (is_open, was_opened) = (Arc::clone(&open), Arc::clone(&opened));
        let held = Arc::new(Held::default());
        let holder = Arc::clone(&held);
        let address = origin(move |mut stream| {
            is_open.fetch_add(1, Ordering::SeqCst);
            was_opened.fetch_add(1, Ordering::SeqCst);
            loop {
                let head = read_head(&mut stream);
                if head.is_empty() {
                    break;
                }
                if head.starts_with("GET /held") {
                    holder.wait();
                }
                if stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell")
                    .is_err()
                {
                    break;
                }
            }
            is_open.fetch_sub(1, Ordering::SeqCst);
        });
        Self {
            address,
            open,
            opened,
            held,
        }
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// A configuration with `pool` in one of the places where it may stand.
    fn config(&self, pool: &str, is_of_upstream: bool, more: &str) -> String {
        let pool = format!("pool: {{{pool}}}");
        let (own, common) = if is_of_upstream {
            (format!(", {pool}"), "pool: {idle_timeout: 1h}".to_owned())
        } else {
            (String::new(), pool)
        };
        format!(
            "workers: 1\nlisteners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app}}]\n{common}\n\
             upstreams: [{{name: app, endpoints: [{{address: '{}'}}]{own}}}]\n{more}",
            self.address
        )
    }
}

/// A request that is answered when the server is told to.
fn begun(world: &World) -> TcpStream {
    let mut stream = connect(world.address());
    let request = b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).expect("to send");
    stream
}

/// Requests at the same time to some servers, all of which are answered.
fn at_once(world: &World, servers: &[&Counted], count: usize) {
    let all: Vec<_> = (0..count).map(|_| begun(world)).collect();
    let each = count / servers.len();
    for server in servers {
        server.held.arrived(each);
        server.held.let_go(each);
    }
    for mut stream in all {
        assert_eq!(read_answer(&mut stream).status(), 200);
    }
}

#[test]
fn as_many_are_kept_idle_as_the_last_change_says() {
    for is_of_upstream in [false, true] {
        let server = Counted::start();
        let config = |max: usize| {
            let pool = format!("max_idle: {max}, idle_timeout: 1h");
            server.config(&pool, is_of_upstream, "")
        };
        let world = World::start(&config(8));
        at_once(&world, &[&server], 4);
        assert_eq!((server.open(), server.opened()), (4, 4));
        world.apply(&config(1));
        until("one that is left", || server.open() == 1);
        assert_eq!((world.get("/").status(), server.opened()), (200, 4));
        world.apply(&config(0));
        until("none", || server.open() == 0);
        assert_eq!(world.get("/").status(), 200);
        until("none after a request", || server.open() == 0);
        world.apply(&config(2));
        at_once(&world, &[&server], 4);
        until("two", || server.open() == 2);
        world.proxy.shutdown();
    }
}

#[test]
fn what_is_idle_is_kept_for_as_long_as_the_last_change_says() {
    for is_of_upstream in [false, true] {
        let server = Counted::start();
        let config = |time: &str| server.config(&format!("idle_timeout: {time}"), is_of_upstream, "");
        let world = World::start(&config("1h"));
        at_once(&world, &[&server], 2);
        thread::sleep(Duration::from_millis(50));
        assert_eq!(server.open(), 2);
        world.apply(&config("40ms"));
        until("the end of both", || server.open() == 0);
        world.apply(&config("1h"));
        assert_eq!(world.get("/").status(), 200);
        assert_eq!(server.opened(), 3);
        world.proxy.shutdown();
    }
}

#[test]
fn a_connection_ends_between_requests_when_it_is_as_old_as_the_last_change_says() {
    for is_of_upstream in [false, true] {
        let server = Counted::start();
        let config = |rest: &str| server.config(&format!("idle_timeout: 1h{rest}"), is_of_upstream, "");
        let world = World::start(&config(""));
        at_once(&world, &[&server], 2);
        assert_eq!(server.open(), 2);
        let mut running = begun(&world);
        server.held.arrived(1);
        // Longer than any of them may live now, and while one has a request.
        thread::sleep(Duration::from_millis(150));
        world.apply(&config(", max_lifetime: 100ms"));
        until("the end of the idle one", || server.open() == 1);
        server.held.let_go(1);
        assert_eq!(read_answer(&mut running).status(), 200);
        until("the end of the other", || server.open() == 0);
        assert_eq!(server.opened(), 2);
        world.proxy.shutdown();
    }
}

#[test]
fn idle_connections_to_who_goes_are_closed_and_everybody_can_see_why() {
    let (server, other) = (Counted::start(), Counted::start());
    let admin = free("127.0.0.79");
    let admin_too = format!("admin: {{{}}}\n", at(admin));
    let both = |first: bool| {
        let text = server.config("idle_timeout: 1h", false, &admin_too);
        let one = format!("{{address: '{}'}}", server.address);
        let two = format!("{{address: '{}'}}", other.address);
        let all = if first { format!("{one}, {two}") } else { two };
        text.replace(&format!("[{one}]"), &format!("[{all}]"))
    };
    let world = World::start(&both(true));
    at_once(&world, &[&server, &other], 4);
    assert_eq!((server.open(), other.open()), (2, 2));
    world.apply(&both(false));
    until("the end of those to who went", || server.open() == 0);
    assert_eq!(other.open(), 2);
    let more = ", max_idle: 1";
    world.apply(&both(false).replace("idle_timeout: 1h", &format!("idle_timeout: 1h{more}")));
    until("one", || other.open() == 1);
    let metric = |name: &str, rest: &str| {
        let metrics = raw(admin, &request("GET", "/metrics", "", "")).body;
        let labels = format!("upstream=\"app\",endpoint=\"{}\"{rest}", other.address);
        let start = format!("gateway_upstream_connections{name}{{{labels}}} ");
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(&start).map(str::to_owned));
        line.unwrap_or_else(|| panic!("no {start} in {metrics}"))
    };
    until("the count", || {
        metric("_closed_total", ",reason=\"max_idle\"") == "1"
    });
    assert_eq!(metric("_opened_total", ""), "2");
    assert_eq!(metric("", ""), "1");
    assert_eq!(metric("_idle", ""), "1");
    assert_eq!(metric("_closed_total", ",reason=\"other\""), "0");
}
