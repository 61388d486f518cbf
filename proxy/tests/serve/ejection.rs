//! Endpoints that fail requests are left alone for a while, and those that come back get their share by and by.

use crate::admin::{at, free};
use crate::servers::{SILENT, Server, bodies, config, known, until};
use crate::support::World;

fn count(bodies: &[String], name: &str) -> usize {
    bodies.iter().filter(|body| *body == name).count()
}

#[test]
fn who_fails_is_left_alone_as_the_last_change_says() {
    let (bad, good) = (Server::start("bad"), Server::start("good"));
    bad.answer_requests(503);
    let ejecting = |rest: &str| config(&[&bad, &good], &format!(", ejection: {{time: 1h, {rest}}}"), "");
    let world = World::start(&ejecting("after: 1, statuses: none"));
    assert_eq!(count(&bodies(&world, 8), "bad"), 4);
    for rest in ["after: 1000", "after: 1, max_share: 49"] {
        world.apply(&ejecting(rest));
        assert_eq!(count(&bodies(&world, 8), "bad"), 4, "{rest}");
    }
    world.apply(&ejecting("after: 1, statuses: '503'"));
    assert!(count(&bodies(&world, 8), "bad") <= 1);
    // It is remembered over changes, and forgotten with the rules.
    let before = bad.requests();
    for number in 1..10 {
        world.apply(&ejecting(&format!("after: {number}, max_share: 80")));
        assert_eq!(count(&bodies(&world, 4), "good"), 4);
    }
    assert_eq!(bad.requests(), before);
    world.apply(&config(&[&bad, &good], "", ""));
    assert_eq!(count(&bodies(&world, 8), "bad"), 4);
}

#[test]
fn who_does_not_answer_in_time_is_left_alone() {
    let (bad, good) = (Server::start("bad"), Server::start("good"));
    bad.answer_requests(SILENT);
    let rest = ", timeouts: {response: 50ms}, ejection: {after: 2}";
    let world = World::start(&config(&[&bad, &good], rest, ""));
    let statuses: Vec<_> = (0..12).map(|_| world.get("/").status()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 504).count(), 2);
    // The last one is never ejected.
    good.answer_requests(500);
    assert!((0..10).all(|_| world.get("/").status() == 500));
}

#[test]
fn an_ejection_ends_and_the_next_lasts_longer() {
    let (bad, good) = (Server::start("bad"), Server::start("good"));
    bad.answer_requests(500);
    let admin = free("127.0.0.77");
    let ejecting = |time: &str, limit: &str| {
        let rest = format!(", ejection: {{after: 1, time: {time}, time_limit: {limit}}}");
        config(&[&bad, &good], &rest, &format!("admin: {{{}}}\n", at(admin)))
    };
    let world = World::start(&ejecting("30ms", "1h"));
    let ejections = || known(admin, &bad)["ejections"].as_u64();
    for wanted in 1..=2 {
        until("an ejection", || {
            world.get("/");
            ejections() == Some(wanted)
        });
    }
    world.apply(&ejecting("1h", "40ms"));
    for wanted in 3..=4 {
        until("a short ejection", || {
            world.get("/");
            ejections() == Some(wanted)
        });
    }
    world.apply(&ejecting("1h", "2h"));
    until("a long ejection", || {
        world.get("/");
        let left = known(admin, &bad)["ejected_for_ms"].as_f64();
        left.is_some_and(|left| left > 7_000_000.0)
    });
    assert_eq!(count(&bodies(&world, 6), "good"), 6);
}

#[test]
fn a_new_endpoint_gets_its_share_by_and_by_as_the_last_change_says() {
    let (old, new) = (Server::start("old"), Server::start("new"));
    let slow = |time: &str| format!(", slow_start: {time}");
    let world = World::start(&config(&[&old], &slow("1h"), ""));
    world.apply(&config(&[&old, &new], &slow("1h"), ""));
    let share = count(&bodies(&world, 200), "new");
    assert!(share < 40, "{share} of 200");
    world.apply(&config(&[&old, &new], &slow("1ms"), ""));
    assert_eq!(count(&bodies(&world, 20), "new"), 10);
}
