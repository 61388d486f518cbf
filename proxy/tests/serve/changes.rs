//! What a change of the configuration does, and what it leaves alone.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use reloadspec_proxy::reload::Outcome;

use crate::process::{Process, file};
use crate::support::{
    World, ask, config, config_at, connect, echo, gated, generation, get, raw, read_answer, rename_over,
};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

#[test]
fn a_refused_file_changes_nothing() {
    let (a, b) = (echo("a"), echo("b"));
    let world = World::start(&config("g1", a));
    for flaw in ["workers: many\n", "routes: []\n", "workers: [\n", "wrokers: 1\n"] {
        world.rename_over(&(config("g2", b) + flaw));
        let outcome = world.outcome();
        assert!(
            matches!(*outcome, Outcome::Rejected { revision: 1, .. }),
            "{outcome:?}"
        );
        let answer = world.get("/");
        assert_eq!(answer.field("x-generation"), Some("g1"));
        assert!(answer.body.starts_with("a\n"));
    }
    world.apply(&config("g3", b));
    assert_eq!(generation(&world), "g3");
}

#[test]
fn the_same_content_and_the_same_meaning_are_no_change() {
    let a = echo("a");
    let world = World::start(&config("g1", a));
    let outcome = world.proxy.reload().expect("an outcome");
    assert!(
        matches!(*outcome, Outcome::Unchanged { revision: 1, .. }),
        "{outcome:?}"
    );
    world.outcome();
    world.rename_over(&(config("g1", a) + "# a comment\n"));
    let outcome = world.outcome();
    assert!(
        matches!(*outcome, Outcome::Unchanged { revision: 1, .. }),
        "{outcome:?}"
    );
}

#[test]
fn connections_stay_and_see_the_change() {
    let (a, b) = (echo("a"), echo("b"));
    let world = World::start(&config("g1", a));
    let mut kept = connect(world.address());
    assert!(ask(&mut kept, REQUEST).body.starts_with("a\n"));
    for stamp in ["g2", "g3"] {
        world.apply(&config(stamp, b));
        let answer = ask(&mut kept, REQUEST);
        assert_eq!(answer.field("x-generation"), Some(stamp));
        assert!(answer.body.starts_with("b\n"));
    }
}

#[test]
fn a_request_in_flight_ends_as_it_began() {
    let slow = gated("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhal", "ves");
    let world = World::start(&config("g1", slow.address));
    let mut client = connect(world.address());
    client.write_all(REQUEST.as_bytes()).expect("to send");
    slow.arrived();
    world.apply(&config("g2", echo("b")));
    assert_eq!(generation(&world), "g2");
    slow.open();
    let answer = read_answer(&mut client);
    assert_eq!(
        (answer.field("x-generation"), answer.body.as_str()),
        (Some("g1"), "halves")
    );
}

#[test]
fn a_listener_moves_and_the_old_one_ends_politely() {
    let a = echo("a");
    let world = World::start(&config_at("127.0.0.41:0", "g1", a));
    let old = world.address();
    let free = TcpListener::bind("127.0.0.42:0")
        .expect("an address")
        .local_addr()
        .expect("its address");
    let mut kept = connect(old);
    ask(&mut kept, REQUEST);
    world.apply(&config_at(&free.to_string(), "g2", a));
    assert_eq!(get(free, "/").field("x-generation"), Some("g2"));
    assert!(TcpStream::connect(old).is_err(), "the old address still accepts");
    let last = ask(&mut kept, REQUEST);
    assert_eq!(last.field("connection"), Some("close"));
    assert_eq!(kept.read(&mut [0]).expect("an end"), 0);
}

#[test]
fn a_listener_moves_again_while_connections_of_the_old_one_still_end() {
    let a = echo("a");
    let world = World::start(&config_at("127.0.0.46:0", "g1", a));
    let mut kept = connect(world.address());
    ask(&mut kept, REQUEST);
    // The kept connection may stay for a moment more, in which its worker has to be told of what comes next.
    for generation in ["g2", "g3", "g4"] {
        let free = TcpListener::bind("127.0.0.46:0").expect("an address");
        let free = (free.local_addr().expect("its address"), free).0;
        world.apply(&config_at(&free.to_string(), generation, a));
        assert_eq!(get(free, "/").field("x-generation"), Some(generation));
        let mut moved = connect(free);
        ask(&mut moved, REQUEST);
    }
}

#[test]
fn an_address_in_use_is_refused_and_leaves_no_trace() {
    let a = echo("a");
    let world = World::start(&config("g1", a));
    let taken = TcpListener::bind("127.0.0.43:0").expect("an address");
    let taken = (taken.local_addr().expect("its address"), taken);
    let free = TcpListener::bind("127.0.0.44:0")
        .expect("an address")
        .local_addr()
        .expect("its address");
    let both = config("g2", a).replace(
        "listeners: [",
        &format!(
            "listeners: [{{name: free, address: '{free}'}}, {{name: taken, address: '{}'}}, ",
            taken.0
        ),
    );
    world.rename_over(&both);
    let outcome = world.outcome();
    assert!(
        matches!(*outcome, Outcome::Rejected { revision: 1, .. }),
        "{outcome:?}"
    );
    assert_eq!(generation(&world), "g1");
    assert!(
        TcpStream::connect(free).is_err(),
        "the address that was free is still listened on"
    );
    // The same file, asked for again once the address is free.
    drop(taken.1);
    let outcome = world.proxy.reload().expect("an outcome");
    assert!(
        matches!(*outcome, Outcome::Applied { revision: 2, .. }),
        "{outcome:?}"
    );
    assert_eq!(get(taken.0, "/").field("x-generation"), Some("g2"));
}

/// Connects again and again until told to stop, and counts.
fn flood(address: SocketAddr) -> (Arc<AtomicBool>, Arc<AtomicUsize>, thread::JoinHandle<Vec<String>>) {
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicUsize::new(0));
    let (stopped, count) = (Arc::clone(&stop), Arc::clone(&done));
    let run = move || {
        let mut failures = Vec::new();
        while !stopped.load(Ordering::Relaxed) {
            match TcpStream::connect(address) {
                Ok(mut stream) => {
                    let request = "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
                    let mut answer = String::new();
                    let sent = stream.write_all(request.as_bytes());
                    match sent.and_then(|()| stream.read_to_string(&mut answer)) {
                        Ok(_) if answer.starts_with("HTTP/1.1 200") => {}
                        other => failures.push(format!("{other:?} {answer}")),
                    }
                }
                Err(error) => failures.push(error.to_string()),
            }
            count.fetch_add(1, Ordering::Relaxed);
        }
        failures
    };
    (stop, done, thread::spawn(run))
}

fn wait_for_more(count: &AtomicUsize, more: usize) {
    let goal = count.load(Ordering::Relaxed) + more;
    while count.load(Ordering::Relaxed) < goal {
        thread::yield_now();
    }
}

#[test]
fn wildcard_and_specific_address_swap_without_a_lost_request() {
    let a = echo("a");
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("an address")
        .local_addr()
        .expect("its address")
        .port();
    let narrow = SocketAddr::from(([127, 0, 0, 1], port));
    // In a process of its own: a child that another test starts has every socket of this one until it becomes another program.
    let (_folder, path) = file(config_at(&narrow.to_string(), "g0", a));
    let process = Process::start(&path, &[]);
    let apply = |config: &str| {
        rename_over(&path, config);
        process.line("configuration applied");
    };
    let (stop, count, flood) = flood(narrow);
    for round in 1..=5 {
        wait_for_more(&count, 20);
        apply(&config_at(&format!("0.0.0.0:{port}"), &format!("wide{round}"), a));
        let other = SocketAddr::from(([127, 0, 0, 9], port));
        assert_eq!(
            get(other, "/").field("x-generation"),
            Some(format!("wide{round}").as_str())
        );
        wait_for_more(&count, 20);
        apply(&config_at(&narrow.to_string(), &format!("narrow{round}"), a));
        assert!(TcpStream::connect(other).is_err(), "the wildcard still listens");
    }
    wait_for_more(&count, 20);
    stop.store(true, Ordering::Relaxed);
    assert_eq!(flood.join().expect("a flood"), Vec::<String>::new());
    process.signal("-TERM");
    assert_eq!(process.rest().0, Some(0));
}

#[test]
fn the_number_of_workers_changes_without_a_lost_request() {
    let a = echo("a");
    let workers = |count: usize| config("g", a) + &format!("workers: {count}\n");
    let world = World::start(&workers(1));
    let (stop, count, flood) = flood(world.address());
    let mut kept = connect(world.address());
    for number in [3, 1, 4, 2, 1] {
        wait_for_more(&count, 20);
        world.apply(&workers(number));
    }
    wait_for_more(&count, 20);
    stop.store(true, Ordering::Relaxed);
    assert_eq!(flood.join().expect("a flood"), Vec::<String>::new());
    assert_eq!(ask(&mut kept, REQUEST).status(), 200);
}

#[test]
fn an_unchanged_upstream_keeps_its_turn() {
    let (a, b) = (echo("a"), echo("b"));
    let config = |stamp: &str| {
        config(stamp, a).replace(
            "endpoints: [",
            &format!("endpoints: [{{address: '{b}', weight: 2}}, "),
        )
    };
    let world = World::start(&config("g0"));
    let mut seen = String::new();
    for number in 1..=9 {
        seen.push_str(world.get("/").body.split('\n').next().expect("a name"));
        world.apply(&config(&format!("g{number}")));
    }
    assert_eq!(seen, "babbabbab");
}

#[test]
fn limits_change_for_connections_that_stand() {
    let a = echo("a");
    let world = World::start(&config("g1", a));
    let mut kept = connect(world.address());
    let long = format!(
        "GET / HTTP/1.1\r\nHost: test\r\nX-Long: {}\r\n\r\n",
        "x".repeat(2000)
    );
    assert_eq!(ask(&mut kept, &long).status(), 200);
    world.apply(&(config("g1", a) + "limits: {header_bytes: 1KiB}\n"));
    assert_eq!(ask(&mut kept, &long).status(), 431);
}

#[test]
fn a_shorter_idle_time_out_ends_connections_that_stand() {
    let a = echo("a");
    let limits = |idle: &str| {
        config("g1", a) + &format!("limits: {{header_read_timeout: 1h, idle_timeout: {idle}}}\n")
    };
    let world = World::start(&limits("1h"));
    let mut kept = connect(world.address());
    ask(&mut kept, REQUEST);
    world.apply(&limits("100ms"));
    assert_eq!(kept.read(&mut [0]).expect("an end"), 0);
}

#[test]
fn a_stopping_proxy_finishes_what_it_began() {
    let slow = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let world = World::start(&config("g1", slow.address));
    let address = world.address();
    let client = thread::spawn(move || raw(address, REQUEST));
    slow.arrived();
    let World {
        proxy,
        folder: _folder,
        ..
    } = world;
    let stopping = thread::spawn(move || proxy.shutdown());
    while TcpStream::connect(address).is_ok() {
        thread::yield_now();
    }
    slow.open();
    let answer = client.join().expect("a client");
    assert_eq!(
        (answer.status(), answer.field("connection"), answer.body.as_str()),
        (200, Some("close"), "ok")
    );
    stopping.join().expect("an end");
}

/// Begins to stop a proxy and returns when it no longer listens, with the thread that ends when all has ended.
fn stop(world: World) -> thread::JoinHandle<()> {
    let address = world.address();
    let stopping = thread::spawn(move || world.proxy.shutdown());
    while TcpStream::connect(address).is_ok() {
        thread::yield_now();
    }
    stopping
}

#[test]
fn a_request_on_its_way_to_a_stopping_proxy_is_answered() {
    let world = World::start(&config("g1", echo("a")));
    let mut kept = connect(world.address());
    ask(&mut kept, REQUEST);
    let mut fresh = connect(world.address());
    let stopping = stop(world);
    for stream in [&mut kept, &mut fresh] {
        let answer = ask(stream, REQUEST);
        assert_eq!(
            (answer.status(), answer.field("connection")),
            (200, Some("close"))
        );
        assert_eq!(stream.read(&mut [0]).expect("an end"), 0);
    }
    stopping.join().expect("an end");
}

#[test]
fn a_connection_in_the_queue_of_a_stopping_proxy_is_answered() {
    let world = World::start(&(config("g1", echo("a")) + "limits: {connections: 1}\n"));
    let mut kept = connect(world.address());
    ask(&mut kept, REQUEST);
    let mut queued = connect(world.address());
    let stopping = stop(world);
    assert_eq!(ask(&mut queued, REQUEST).field("connection"), Some("close"));
    drop(kept);
    stopping.join().expect("an end");
}

#[test]
fn idle_connections_do_not_keep_a_proxy_from_stopping() {
    let world = World::start(&config("g1", echo("a")));
    let mut kept = connect(world.address());
    ask(&mut kept, REQUEST);
    let started = Instant::now();
    world.proxy.shutdown();
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}
