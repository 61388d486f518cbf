//! Who gets a request, by load, by key and by cookie.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;

use crate::servers::{SILENT, Server, bodies, config, until};
use crate::support::{World, connect, raw};

/// A request that stays in flight as long as what is returned lives.
fn held(world: &World, field: &str) -> TcpStream {
    let mut stream = connect(world.address());
    write!(stream, "GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n").expect("to send");
    stream
}

fn with(world: &World, field: &str) -> crate::support::Answer {
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{field}Connection: close\r\n\r\n");
    raw(world.address(), &request)
}

#[test]
fn requests_go_where_the_last_change_says_and_loads_are_carried_over() {
    let (a, b) = (Server::start("a"), Server::start("b"));
    a.answer_requests(SILENT);
    let balanced = |how: &str| config(&[&a, &b], &format!(", balance: {how}"), "");
    let world = World::start(&balanced("round_robin"));
    let held = held(&world, "");
    until("a request in flight", || a.requests() == 1);
    assert_eq!(world.get("/").body, "b");
    a.answer_requests(200);
    assert_eq!(bodies(&world, 2), ["a", "b"]);
    for how in ["least_requests", "random_of_two"] {
        world.apply(&balanced(how));
        assert!(bodies(&world, 8).iter().all(|body| body == "b"), "{how}");
    }
    drop(held);
    world.apply(&balanced("least_requests"));
    until("both are equal again", || {
        bodies(&world, 4).contains(&"a".to_owned())
    });
}

#[test]
fn the_key_is_what_the_last_change_says() {
    let (a, b) = (Server::start("a"), Server::start("b"));
    let hashed = |by: &str| {
        config(
            &[&a, &b],
            &format!(", balance: hash, hash: {{load_limit: 10000{by}}}"),
            "",
        )
    };
    let homes = |world: &World, field: &dyn Fn(usize) -> String| -> Vec<String> {
        (0..16).map(|user| with(world, &field(user)).body).collect()
    };
    let both = |homes: &[String]| homes.iter().collect::<BTreeSet<_>>().len() == 2;
    let by_header = |user: usize| format!("X-User: {user}\r\nCookie: id=1\r\n");
    let by_cookie = |user: usize| format!("X-User: 1\r\nCookie: id={user}\r\n");
    let world = World::start(&hashed(", header: x-user"));
    let first = homes(&world, &by_header);
    assert!(both(&first) && first == homes(&world, &by_header));
    assert!(!both(&homes(&world, &by_cookie)));
    // A restart, and another order, change nothing.
    let other = World::start(&config(
        &[&b, &a],
        ", balance: hash, hash: {header: x-user, load_limit: 10000}",
        "",
    ));
    assert_eq!(homes(&other, &by_header), first);
    world.apply(&hashed(", cookie: id"));
    assert!(both(&homes(&world, &by_cookie)) && !both(&homes(&world, &by_header)));
    world.apply(&hashed(""));
    assert!(!both(&homes(&world, &by_cookie)) && !both(&homes(&world, &by_header)));
}

#[test]
fn an_endpoint_of_a_key_bears_what_the_last_change_says() {
    let (a, b) = (Server::start("a"), Server::start("b"));
    a.answer_requests(SILENT);
    b.answer_requests(SILENT);
    let limited = |limit: u16| {
        config(
            &[&a, &b],
            &format!(", balance: hash, hash: {{load_limit: {limit}}}"),
            "",
        )
    };
    let world = World::start(&limited(10_000));
    let mut all: Vec<_> = (0..8).map(|_| held(&world, "")).collect();
    until("eight in flight", || a.requests() + b.requests() == 8);
    assert_eq!(a.requests().max(b.requests()), 8);
    world.apply(&limited(101));
    all.extend((0..8).map(|_| held(&world, "")));
    until("sixteen in flight", || a.requests() + b.requests() == 16);
    assert!(a.requests().max(b.requests()) <= 9);
    drop(all);
}

#[test]
fn a_client_keeps_its_endpoint_by_its_cookie_over_reloads_and_restarts() {
    let servers = ["a", "b", "c"].map(Server::start);
    let [a, b, c] = &servers;
    let stuck = |servers: &[&Server], sticky: &str| config(servers, &format!(", sticky: {{{sticky}}}"), "");
    let world = World::start(&stuck(&[a, b, c], "cookie: at"));
    let first = world.get("/");
    let set = first.field("set-cookie").expect("a cookie").to_owned();
    assert!(
        set.starts_with("at=") && set.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    let cookie = format!("Cookie: {}\r\n", set.split(';').next().expect("a pair"));
    let kept = |world: &World| {
        let answer = with(world, &cookie);
        assert_eq!(
            (answer.body.as_str(), answer.field("set-cookie")),
            (&*first.body, None)
        );
    };
    kept(&world);
    world.apply(&stuck(&[c, b, a], "cookie: at, same_site: strict"));
    (0..4).for_each(|_| kept(&world));
    assert!(
        world
            .get("/")
            .field("set-cookie")
            .expect("a cookie")
            .ends_with("SameSite=Strict")
    );
    kept(&World::start(&stuck(&[b, a, c], "cookie: at")));
    // Where it is gone there is another, and another cookie.
    world.apply(&stuck(&[b, c], "cookie: at"));
    assert_eq!(first.body, "a");
    let answer = with(&world, &cookie);
    assert!(answer.body != "a" && answer.field("set-cookie").is_some());
    world.apply(&stuck(&[a, b, c], "cookie: other"));
    assert!(
        with(&world, &cookie)
            .field("set-cookie")
            .is_some_and(|set| set.starts_with("other="))
    );
}
