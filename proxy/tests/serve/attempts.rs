//! Attempts: who is asked again and who is not, for how long, and within which budget.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::admin::{call, free, request};
use crate::limits::with_admin;
use crate::servers::until;
use crate::support::{Answer, PATIENCE, World, connect, echo, gated, origin, raw, read_answer};

/// What an origin does with a request once it has read all of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Answers(u16),
    BreaksOff,
    Waits,
}

/// An origin that counts what came, and says it.
pub(crate) struct Counted {
    pub(crate) address: SocketAddr,
    bodies: Arc<Mutex<Vec<String>>>,
    /// Connections that were closed while it waited.
    pub(crate) left: Arc<AtomicUsize>,
}

impl Counted {
    pub(crate) fn start(does: Does) -> Self {
        let (bodies, left) = <(Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>)>::default();
        let (seen, gone) = (Arc::clone(&bodies), Arc::clone(&left));
        let address = origin(move |mut stream| {
            loop {
                let request = read_answer(&mut stream);
                if request.head.is_empty() {
                    return;
                }
                let body = request.body.clone();
                seen.lock().expect("bodies").push(request.body);
                match does {
                    Does::BreaksOff => return,
                    Does::Waits => {
                        let _ = stream.read(&mut [0]);
                        gone.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                    Does::Answers(status) => {
                        let length = body.len();
                        let answer =
                            format!("HTTP/1.1 {status} As Told\r\ncontent-length: {length}\r\n\r\n{body}");
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Self {
            address,
            bodies,
            left,
        }
    }

    /// The same, once there are so many.
    pub(crate) fn taken_in_time(&self, count: usize) -> Vec<String> {
        until("requests", || self.bodies.lock().expect("bodies").len() >= count);
        self.taken()
    }

    /// The bodies of the requests since the last time.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.bodies.lock().expect("bodies"))
    }
}

/// An endpoint where nobody is.
const NOBODY: &str = "127.0.0.1:1";

pub(crate) fn config(endpoints: &[SocketAddr], of_route: &str, of_upstream: &str) -> String {
    let endpoints: Vec<_> = endpoints
        .iter()
        .map(|address| format!("{{address: '{address}'}}"))
        .collect();
    format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app{of_route}}}]\n\
         upstreams: [{{name: app, endpoints: [{}]{of_upstream}}}]\n",
        endpoints.join(", ")
    )
}

/// What the status says of the attempts.
pub(crate) fn figures(admin: SocketAddr) -> Value {
    call(admin, "GET", "/status").1["upstreams"][0]["attempts"].clone()
}

pub(crate) fn send(world: &World, method: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
    raw(
        world.address(),
        &format!("{head}Content-Length: {length}\r\n\r\n{body}"),
    )
}

/// Everything is declared, with so many bytes of a body.
pub(crate) fn all(attempts: u32, buffer: &str) -> String {
    format!(
        ", retry: {{attempts: {attempts}, on: [connect_failure, unsent, reset, timeout], statuses: 500-599, backoff: 1ms, buffer: {buffer}}}"
    )
}

#[test]
fn after_a_connect_failure_a_request_goes_elsewhere_whatever_its_method() {
    let (good, nobody) = (
        Counted::start(Does::Answers(200)),
        NOBODY.parse().expect("an address"),
    );
    let with = |of_route: &str| config(&[nobody, good.address], of_route, "");
    let world = World::start(&with(", retry: {on: [connect_failure], backoff: 1ms}"));
    for _ in 0..4 {
        assert_eq!(send(&world, "POST", "once").body, "once");
    }
    assert_eq!(good.taken().len(), 4);
    world.apply(&with(", retry: {attempts: 1}"));
    let answers: Vec<u16> = (0..4).map(|_| send(&world, "POST", "once").status()).collect();
    assert!(answers.contains(&200) && answers.contains(&502), "{answers:?}");
}

#[test]
fn a_post_of_which_anything_was_sent_is_never_sent_twice() {
    let one = Counted::start(Does::BreaksOff);
    let other = Counted::start(Does::BreaksOff);
    let slow = Counted::start(Does::Waits);
    let failing = Counted::start(Does::Answers(503));
    let timeouts = ", timeouts: {attempt: 200ms}";
    for (endpoints, expected) in [
        ([&one, &other], 502),
        ([&slow, &slow], 504),
        ([&failing, &failing], 503),
    ] {
        let mut addresses: Vec<_> = endpoints.iter().map(|one| one.address).collect();
        addresses.dedup();
        let world = World::start(&config(&addresses, &(all(5, "64KiB") + timeouts), ""));
        for (method, times) in [("POST", 1), ("PATCH", 1), ("PUT", 5), ("DELETE", 5)] {
            assert_eq!(send(&world, method, "body").status(), expected, "{method}");
            let seen = RefCell::new(Vec::new());
            until("requests", || {
                seen.borrow_mut()
                    .extend(endpoints.iter().flat_map(|one| one.taken()));
                seen.borrow().len() >= times
            });
            assert_eq!(seen.into_inner(), vec!["body"; times], "{method}, {expected}");
        }
    }
}

#[test]
fn a_body_is_sent_again_if_all_of_it_is_kept() {
    let (bad, good) = (
        Counted::start(Does::BreaksOff),
        Counted::start(Does::Answers(200)),
    );
    let with = |buffer: &str| config(&[bad.address, good.address], &all(2, buffer), "");
    let world = World::start(&with("100B"));
    let body = "x".repeat(100);
    let statuses = |body: &str| {
        let statuses: Vec<u16> = (0..4).map(|_| send(&world, "PUT", body).status()).collect();
        bad.taken();
        assert!(
            good.taken().iter().all(|seen| seen == body),
            "what comes is whole"
        );
        statuses
    };
    assert_eq!(statuses(&body), [200; 4]);
    assert!(
        statuses(&format!("{body}x")).contains(&502),
        "too long to be kept"
    );
    world.apply(&with("101B"));
    assert_eq!(statuses(&format!("{body}x")), [200; 4]);
    world.apply(&with("0B"));
    assert!(statuses("x").contains(&502), "nothing is kept");
    assert_eq!(statuses(""), [200; 4]);
}

#[test]
fn there_are_as_many_attempts_as_the_last_change_says_after_what_it_says() {
    let failing = Counted::start(Does::Answers(503));
    let broken = Counted::start(Does::BreaksOff);
    let slow = Counted::start(Does::Waits);
    let of = |origin: &Counted, rules: &str| {
        let rules = format!(", timeouts: {{attempt: 200ms}}, retry: {{backoff: 1ms, {rules}}}");
        config(&[origin.address], &rules, "")
    };
    let world = World::start(&of(&failing, "attempts: 9"));
    for (origin, rules, times) in [
        (&failing, "attempts: 3", 1),
        (&failing, "attempts: 3, statuses: 502-503", 3),
        (&failing, "attempts: 3, statuses: '504'", 1),
        (&failing, "attempts: 2, statuses: '503'", 2),
        (&broken, "attempts: 2", 2),
        (&broken, "attempts: 4", 4),
        (&broken, "on: [connect_failure]", 1),
        (&slow, "attempts: 2", 1),
        (&slow, "attempts: 2, on: [timeout]", 2),
    ] {
        world.apply(&of(origin, rules));
        assert!(world.get("/").status() >= 500);
        assert_eq!(origin.taken_in_time(times).len(), times, "{rules}");
    }
}

#[test]
fn what_is_waited_between_attempts_is_what_the_last_change_says() {
    let failing = Counted::start(Does::Answers(503));
    let of = |backoff: &str| {
        let rules =
            format!(", timeouts: {{request: 10s}}, retry: {{attempts: 3, statuses: '503', {backoff}}}");
        config(&[failing.address], &rules, "")
    };
    let world = World::start(&of("backoff: 1h"));
    let begun = Instant::now();
    for (backoff, times) in [
        ("backoff: 1h, backoff_limit: 2h", 1),
        ("backoff: 1ms", 3),
        ("backoff: 3h", 1),
        ("backoff: 1h, backoff_limit: 1ms", 3),
    ] {
        world.apply(&of(backoff));
        // What there is no time to wait for is not waited for: the last answer is better than none.
        assert_eq!(world.get("/").status(), 503);
        assert_eq!(failing.taken().len(), times, "{backoff}");
    }
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn a_request_and_its_attempts_have_the_time_of_their_route() {
    let slow = Counted::start(Does::Waits);
    let admin = free("127.0.0.111");
    let rules = all(10, "0B") + ", timeouts: {attempt: 100ms, request: 350ms}";
    let world = World::start(&with_admin(&config(&[slow.address], &rules, ""), admin));
    let begun = Instant::now();
    assert_eq!(world.get("/").status(), 504);
    assert!(begun.elapsed() >= Duration::from_millis(350));
    let figures = figures(admin);
    assert_eq!(figures["timeouts"]["request"], 1, "{figures}");
    let failed = figures["timeouts"]["attempt"].as_u64().expect("a number");
    assert!((1..=3).contains(&failed), "{figures}");
    assert_eq!(figures["retries"]["timeout"], failed, "{figures}");
    slow.taken_in_time(failed as usize);
    let metrics = raw(admin, &request("GET", "/metrics", "", "")).body;
    assert!(
        metrics.contains("gateway_upstream_timeouts_total{upstream=\"app\",kind=\"request\"} 1"),
        "{metrics}"
    );
}

#[test]
fn a_client_that_is_slow_with_its_body_is_told_so_and_nobody_else_pays_for_it() {
    let app = Counted::start(Does::Answers(200));
    for time in ["request", "attempt"] {
        let rules =
            format!(", timeouts: {{{time}: 150ms}}, retry: {{attempts: 3, on: [timeout], buffer: 1KiB}}");
        let ejection = ", ejection: {after: 1}, breaker: {consecutive_failures: 1}";
        let world = World::start(&config(&[app.address], &rules, ejection));
        let mut client = connect(world.address());
        let begun = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo";
        client.write_all(begun).expect("to send");
        assert_eq!(read_answer(&mut client).status(), 408, "{time}");
        assert_eq!(send(&world, "PUT", "body").status(), 200, "{time}");
        assert_eq!(
            app.taken_in_time(1).last().map(String::as_str),
            Some("body"),
            "{time}"
        );
    }
}

#[test]
fn a_reload_between_two_attempts_leaves_the_request_where_it_began() {
    let first = gated("", "");
    let (old, new) = (echo("old"), echo("new"));
    let of = |stamp: &str, endpoints: &[SocketAddr], rules: &str| {
        config(endpoints, rules, "") + &format!("response_headers: {{set: {{x-generation: {stamp}}}}}\n")
    };
    let world = World::start(&of("g1", &[first.address, old], &all(2, "0B")));
    let mut client = connect(world.address());
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("to send");
    first.arrived();
    world.apply(&of("g2", &[new], ", retry: {attempts: 1}"));
    // It breaks off.
    first.open();
    let answer = read_answer(&mut client);
    assert!(answer.body.starts_with("old\n"), "{}", answer.body);
    assert_eq!(answer.field("x-generation"), Some("g1"));
    assert!(world.get("/").body.starts_with("new\n"));
}

#[test]
fn the_budget_outlives_reloads_and_a_changed_one_counts_at_once() {
    let failing = Counted::start(Does::Answers(503));
    let admin = free("127.0.0.112");
    let of = |budget: &str, stamp: usize| {
        let budget = format!(
            ", retry_budget: {{{budget}}}, timeouts: {{idle: {}s}}",
            1000 + stamp
        );
        with_admin(&config(&[failing.address], &all(2, "0B"), &budget), admin)
    };
    let world = World::start(&of("percent: 0, min_retries: 3, window: 1h", 0));
    let sent = |requests: usize| {
        (0..requests).for_each(|_| assert_eq!(world.get("/").status(), 503));
        failing.taken().len() - requests
    };
    assert_eq!(sent(5), 3);
    for stamp in 1..=10 {
        world.apply(&of("percent: 0, min_retries: 3, window: 1h", stamp));
        assert_eq!(sent(1), 0, "reload {stamp}");
    }
    assert_eq!(
        figures(admin)["retry_budget"],
        json!({"balance": 0, "exhausted": 12})
    );
    world.apply(&of("percent: 0, min_retries: 5, window: 1h", 11));
    assert_eq!(sent(5), 2);
    // 20 requests until now, and 20 more: four in ten of them are 16, of which 5 have been made.
    world.apply(&of("percent: 40, min_retries: 0, window: 1h", 12));
    assert_eq!(sent(20), 11);
    world.apply(&of("percent: 0, min_retries: 1, window: 1h", 13));
    assert_eq!(sent(3), 0);
    // What is older than the window is no longer counted.
    world.apply(&of("percent: 0, min_retries: 1, window: 100ms", 14));
    thread::sleep(Duration::from_millis(150));
    assert_eq!(sent(1), 1);
}
