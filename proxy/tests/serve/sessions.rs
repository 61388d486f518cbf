//! Session limits: live, survive reloads that do not concern them, and are never exceeded by one request.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::admin::free;
use crate::limits::{GET, SCOPES, config, counting, figures, wait_for, with_admin};
use crate::support::{PATIENCE, World, connect, gated, get, read_answer, read_head};

#[test]
fn a_session_limit_is_never_exceeded_under_reloads() {
    for scope in SCOPES {
        let app = counting(Duration::from_millis(7));
        let limit = "sessions: {max: 10, queue: 8, queue_timeout: 30s}";
        let world = World::start(&config(scope, limit, app.address, 0));
        let (address, done) = (world.address(), AtomicBool::new(false));
        thread::scope(|threads| {
            for _ in 0..24 {
                threads.spawn(|| {
                    let mut stream = connect(address);
                    while !done.load(Ordering::Relaxed) {
                        stream.write_all(GET).expect("to send");
                        let answer = read_answer(&mut stream);
                        assert!(matches!(answer.status(), 200 | 503));
                        // Its worker goes.
                        if answer.field("connection") == Some("close") {
                            stream = connect(address);
                        }
                    }
                });
            }
            for stamp in 1..=30 {
                thread::sleep(Duration::from_millis(50));
                // Now and then the limit is another for a moment, and the workers are others.
                let limits = if stamp % 10 == 9 {
                    limit.replace("10,", "9,")
                } else {
                    limit.to_owned()
                };
                let workers = 1 + stamp % 3;
                world.apply(&(config(scope, &limits, app.address, stamp) + &format!("workers: {workers}\n")));
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(app.most.load(Ordering::SeqCst), 10, "{scope}");
    }
}

#[test]
fn the_number_of_sessions_is_that_of_the_last_change_and_counts_who_was_there_before() {
    for scope in SCOPES {
        let admin = free("127.0.0.96");
        let app = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast");
        let with = |limits: &str, stamp| with_admin(&config(scope, limits, app.address, stamp), admin);
        let world = World::start(&with("", 1));
        let begin = || {
            let mut stream = connect(world.address());
            stream.write_all(GET).expect("to send");
            stream
        };
        let mut first = begin();
        app.arrived();
        // It came before there was a limit.
        world.apply(&with("sessions: {max: 1}", 2));
        assert_eq!(world.get("/").status(), 503, "{scope}");
        world.apply(&with("sessions: {max: 2}", 3));
        let mut second = begin();
        app.arrived();
        world.apply(&with("sessions: {max: 1, queue: 1, queue_timeout: 1h}", 4));
        let mut third = begin();
        wait_for(admin, scope, "/sessions/waiting", &json!(1));
        assert_eq!(world.get("/").status(), 503, "{scope}: the line is full");
        app.open();
        // Two are one too many now: the one that ends makes no room.
        let mut ended = [0; 12];
        let (one, other) = (&mut first, &mut second);
        let _ = one.set_read_timeout(Some(Duration::from_millis(300)));
        let first_ended = one.read_exact(&mut ended).is_ok();
        assert_eq!(
            figures(admin, scope)["sessions"],
            json!({"max": 1, "running": 1, "waiting": 1, "refused": 2}),
            "{scope}"
        );
        app.open();
        let left = if first_ended { other } else { one };
        left.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        assert_eq!(read_answer(left).body, "last");
        app.arrived();
        app.open();
        assert_eq!(read_answer(&mut third).body, "last", "{scope}");
    }
}

#[test]
fn who_waits_goes_in_with_a_larger_number_out_with_a_shorter_patience_and_away_with_his_connection() {
    for scope in SCOPES {
        let admin = free("127.0.0.97");
        let app = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast");
        let with = |limits: &str, stamp| with_admin(&config(scope, limits, app.address, stamp), admin);
        let world = World::start(&with("sessions: {max: 1, queue: 1, queue_timeout: 1h}", 1));
        let begin = || {
            let mut stream = connect(world.address());
            stream.write_all(GET).expect("to send");
            stream
        };
        let _first = begin();
        app.arrived();
        drop(begin());
        wait_for(admin, scope, "/sessions/waiting", &json!(0));
        let second = begin();
        wait_for(admin, scope, "/sessions/waiting", &json!(1));
        drop(second);
        wait_for(admin, scope, "/sessions/waiting", &json!(0));

        let mut third = begin();
        wait_for(admin, scope, "/sessions/waiting", &json!(1));
        world.apply(&with("sessions: {max: 1, queue: 2, queue_timeout: 1h}", 2));
        let mut fourth = begin();
        wait_for(admin, scope, "/sessions/waiting", &json!(2));
        world.apply(&with("sessions: {max: 2, queue: 2, queue_timeout: 1h}", 3));
        app.arrived();
        wait_for(admin, scope, "/sessions/waiting", &json!(1));
        world.apply(&with("sessions: {max: 2, queue: 2, queue_timeout: 1ms}", 4));
        let refused = read_answer(&mut fourth);
        assert_eq!(refused.status(), 503, "{scope}");
        app.open();
        app.open();
        assert_eq!(read_answer(&mut third).body, "last", "{scope}");
        wait_for(admin, scope, "/sessions/running", &json!(0));
    }
}

#[test]
fn an_answer_that_streams_and_a_tunnel_count_until_their_end() {
    for (at_once, answer) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf", "200"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
            "101",
        ),
    ] {
        let app = gated(at_once, "half");
        let config = |stamp| config("upstream", "sessions: {max: 1}", app.address, stamp);
        let world = World::start(&config(1));
        let mut stream = connect(world.address());
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("to send");
        app.arrived();
        let head = read_head(&mut stream);
        assert!(head.starts_with(&format!("HTTP/1.1 {answer}")), "{head}");
        assert_eq!(world.get("/").status(), 503);
        world.apply(&config(2));
        assert_eq!(world.get("/").status(), 503, "{answer}: forgotten");
        app.open();
        let mut rest = vec![0; 4];
        stream.read_exact(&mut rest).expect("the rest");
        drop(stream);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut next = connect(world.address());
            next.write_all(request.as_bytes()).expect("to send");
            if read_head(&mut next).starts_with(&format!("HTTP/1.1 {answer}")) {
                break;
            }
            assert!(Instant::now() < deadline, "{answer}: it still counts");
        }
    }
}

#[test]
fn limits_are_passed_in_order_and_what_was_entered_is_left_on_a_refusal() {
    let admin = free("127.0.0.99");
    let app = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast");
    let rest = format!(
        "sessions: {{max: 5}}\nrate_limit: {{rate: 1/h, burst: 5}}\nroutes: [{{upstream: app, sessions: {{max: 4}}, rate_limit: {{rate: 1/h, burst: 2}}}}]\n\
         upstreams: [{{name: app, sessions: {{max: 1}}, endpoints: [{{address: '{}'}}]}}]\n",
        app.address
    );
    let listeners = "listeners: [{name: web, address: '127.0.0.1:0'}]\n";
    let world = World::start(&with_admin(&format!("{listeners}{rest}"), admin));
    let mut first = connect(world.address());
    first.write_all(GET).expect("to send");
    app.arrived();
    assert_eq!(get(world.address(), "/").status(), 503);
    for scope in SCOPES {
        assert_eq!(figures(admin, scope)["sessions"]["running"], 1, "{scope}");
    }
    // Refused by the route, nothing is taken from what is for all.
    for _ in 0..4 {
        assert_eq!(get(world.address(), "/").status(), 429);
    }
    assert_eq!(figures(admin, "global")["rate_limit"]["tokens"], 3);
    app.open();
    assert_eq!(read_answer(&mut first).body, "last");
    wait_for(admin, "global", "/sessions/running", &json!(0));
}
