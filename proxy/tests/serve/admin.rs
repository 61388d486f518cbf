//! The admin API as an operator uses it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Answer, PATIENCE, World, ask, config, connect, echo, generation, raw, rename_over};

const TOKEN: &str = "canary-0123456789";

/// An address that was free a moment ago.
pub(crate) fn free(host: &str) -> SocketAddr {
    let socket = TcpListener::bind((host, 0)).expect("an address");
    socket.local_addr().expect("its address")
}

pub(crate) fn with_admin(stamp: &str, origin: SocketAddr, admin: &str) -> String {
    config(stamp, origin) + &format!("admin: {{{admin}}}\n")
}

pub(crate) fn at(address: SocketAddr) -> String {
    format!("address: '{address}'")
}

pub(crate) fn request(method: &str, path: &str, fields: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) fn call(admin: SocketAddr, method: &str, path: &str) -> (u16, Value) {
    call_with(admin, method, path, "", "")
}

pub(crate) fn call_with(
    admin: SocketAddr,
    method: &str,
    path: &str,
    fields: &str,
    body: &str,
) -> (u16, Value) {
    let answer = raw(admin, &request(method, path, fields, body));
    (answer.status(), parsed(&answer))
}

fn parsed(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

pub(crate) fn world(host: &str) -> (World, SocketAddr, SocketAddr) {
    let (app, admin) = (echo("a"), free(host));
    (World::start(&with_admin("g1", app, &at(admin))), app, admin)
}

#[test]
fn every_endpoint_tells_what_serves() {
    let (world, app, admin) = world("127.0.0.61");
    let (code, status) = call(admin, "GET", "/status");
    assert_eq!((code, &status["config_version"]), (200, &json!(1)));
    assert_eq!(status["last_attempt"]["origin"], "boot");
    assert_eq!(status["disk"]["differs"], false);
    assert_eq!(status["draining"]["connections"], 0);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            call(admin, "GET", path),
            (200, json!({"status": "ok", "config_version": 1}))
        );
    }
    let text = "limits: {connections: 77}\n";
    world.apply(&(with_admin("g2", app, &at(admin)) + text));
    let (_, shown) = call(admin, "GET", "/config");
    assert_eq!(shown["config"]["limits"]["connections"], 77);
    let (_, kept) = call(admin, "GET", "/revisions");
    let numbers: Vec<_> = kept["revisions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["revision"])
        .collect();
    assert_eq!(numbers, [2, 1]);

    assert_eq!(call(admin, "GET", "/nowhere").0, 404);
    let refused = raw(admin, &request("PUT", "/reload", "", ""));
    assert_eq!((refused.status(), refused.field("allow")), (405, Some("POST")));
    assert_eq!(refused.field("content-type"), Some("application/problem+json"));
    let foreign = call_with(admin, "POST", "/reload", "Origin: http://evil.example\r\n", "");
    assert_eq!(foreign.0, 403);
}

#[test]
fn a_plan_changes_nothing_and_a_reload_is_effective_when_it_is_answered() {
    let (world, app, admin) = world("127.0.0.62");
    world.apply(&(with_admin("g2", app, &at(admin)) + "workers: 1\n"));
    // From here on the file waits for somebody to ask for it.
    assert_eq!(
        call_with(admin, "POST", "/rollback", "", r#"{"revision": 1}"#).0,
        200
    );
    let (code, plan) = call(admin, "GET", "/plan");
    assert_eq!((code, plan["candidate"]["from"].as_str()), (200, Some("disk")));
    assert_eq!(plan["changes"]["routes"]["change"], json!(["*/"]));
    let sent = config("g1", app);
    let (code, plan) = call_with(
        admin,
        "POST",
        "/plan",
        "Content-Type: application/yaml\r\n",
        &sent,
    );
    assert_eq!((code, &plan["changes"]["settings"]), (200, &json!(["admin"])));
    assert_eq!((generation(&world).as_str(), world.proxy.revision()), ("g1", 3));

    let (code, answer) = call(admin, "POST", "/reload");
    assert_eq!(
        (code, answer["outcome"].as_str()),
        (200, Some("applied")),
        "{answer}"
    );
    assert_eq!((generation(&world).as_str(), world.proxy.revision()), ("g2", 4));
    assert_eq!(call(admin, "POST", "/reload").1["outcome"], "unchanged");
}

#[test]
fn a_refused_file_is_a_problem_with_every_reason() {
    let (world, app, admin) = world("127.0.0.63");
    rename_over(
        &world.config,
        &(with_admin("g2", app, &at(admin)) + "workers: many\nworkres: 1\n"),
    );
    let (code, problem) = call(admin, "POST", "/reload");
    assert_eq!((code, &problem["config_version"]), (422, &json!(1)));
    assert_eq!(problem["type"], "urn:reloadspec-proxy:problem:invalid");
    assert!(
        problem["detail"]
            .as_str()
            .expect("text")
            .ends_with("; still serving revision 1")
    );
    let errors = problem["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), 2, "{problem}");
    assert_eq!(
        (&errors[0]["line"], &errors[0]["column"], &errors[0]["path"]),
        (&json!(6), &json!(10), &json!("workers"))
    );
    assert_eq!(call(admin, "GET", "/plan").0, 422);

    fs::remove_file(&world.config).expect("a removal");
    let (code, problem) = call(admin, "POST", "/reload");
    assert_eq!(
        (code, problem["type"].as_str()),
        (409, Some("urn:reloadspec-proxy:problem:unreadable"))
    );
    let (_, status) = call(admin, "GET", "/status");
    assert_eq!(
        (&status["disk"]["readable"], &status["config_version"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(generation(&world), "g1");
}

#[test]
fn a_rollback_is_done_only_to_what_its_caller_saw() {
    let (world, app, admin) = world("127.0.0.64");
    world.apply(&with_admin("g2", app, &at(admin)));
    let seen = raw(admin, &request("GET", "/status", "", ""));
    let tag = seen.field("etag").expect("a tag").to_owned();
    world.apply(&with_admin("g3", app, &at(admin)));
    let condition = format!("If-Match: {tag}\r\n");
    let to_first = r#"{"revision": 1}"#;
    let (code, problem) = call_with(admin, "POST", "/rollback", &condition, to_first);
    assert_eq!((code, &problem["config_version"]), (412, &json!(3)));
    assert_eq!(generation(&world), "g3");

    let fresh = raw(admin, &request("GET", "/status", "", ""));
    let condition = format!("If-Match: {}\r\n", fresh.field("etag").expect("a tag"));
    let (code, answer) = call_with(admin, "POST", "/rollback", &condition, to_first);
    assert_eq!(
        (code, &answer["config_version"], &answer["rollback_to"]),
        (200, &json!(4), &json!(1))
    );
    assert_eq!(generation(&world), "g1");
    assert_eq!(call(admin, "GET", "/status").1["disk"]["differs"], true);

    assert_eq!(
        call_with(admin, "POST", "/rollback", "", r#"{"revision": 9}"#).0,
        404
    );
    for body in ["", "{}", "3", r#"{"revision": -1}"#] {
        assert_eq!(call_with(admin, "POST", "/rollback", "", body).0, 400, "{body}");
    }
}

#[test]
fn who_does_not_know_the_token_learns_nothing() {
    let (app, admin) = (echo("a"), free("127.0.0.65"));
    let secured = |token: &str| format!("{}, token: {token}", at(admin));
    let world = World::start(&with_admin("g1", app, &secured(TOKEN)));
    for path in ["/status", "/config", "/revisions", "/plan", "/nowhere"] {
        let answer = raw(admin, &request("GET", path, "", ""));
        assert_eq!(answer.status(), 401, "{path}");
        assert_eq!(
            answer.field("www-authenticate"),
            Some("Bearer realm=\"reloadspec-proxy\"")
        );
    }
    assert_eq!(call(admin, "POST", "/reload").0, 401);
    assert_eq!(call(admin, "GET", "/healthz").0, 200);
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    let (code, shown) = call_with(admin, "GET", "/config", &bearer(TOKEN), "");
    assert!(code == 200 && !shown.to_string().contains("canary"), "{shown}");

    // A connection that was let in before has to know the new one.
    let mut kept = connect(admin);
    let question = |token: &str| format!("GET /status HTTP/1.1\r\nHost: a\r\n{}\r\n", bearer(token));
    assert_eq!(ask(&mut kept, &question(TOKEN)).status(), 200);
    world.apply(&with_admin("g1", app, &secured("another-0123456789")));
    assert_eq!(ask(&mut kept, &question(TOKEN)).status(), 401);
    assert_eq!(ask(&mut kept, &question("another-0123456789")).status(), 200);
}

/// Asks again and again, from before somebody listens there until nobody does any more, and sends each answer.
fn asked_throughout(address: SocketAddr, fields: &str) -> Receiver<String> {
    let question = request("GET", "/status", fields, "");
    let (sender, answers) = mpsc::channel();
    thread::spawn(move || {
        let mut was_there = false;
        loop {
            let Ok(mut stream) = TcpStream::connect(address) else {
                if was_there {
                    return;
                }
                continue;
            };
            was_there = true;
            let mut answer = String::new();
            let asked = stream.write_all(question.as_bytes());
            if asked.and_then(|()| stream.read_to_string(&mut answer)).is_ok()
                && !answer.is_empty()
                && sender.send(answer).is_err()
            {
                return;
            }
        }
    });
    answers
}

#[test]
fn the_token_is_demanded_from_the_first_answer_to_the_last() {
    let app = echo("a");
    for _ in 0..10 {
        let (first, second) = (free("127.0.0.65"), free("127.0.0.65"));
        let strangers = asked_throughout(first, "");
        let friends = asked_throughout(first, &format!("Authorization: Bearer {TOKEN}\r\n"));
        let secured = format!("{}, token: {TOKEN}", at(first));
        let world = World::start(&with_admin("g1", app, &secured));
        let denied = |answer: String| assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        let told = |answer: String| {
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            assert!(!answer.contains("\"config_version\":0,"), "{answer}");
        };
        denied(strangers.recv_timeout(PATIENCE).expect("an answer"));
        told(friends.recv_timeout(PATIENCE).expect("an answer"));
        // To an address at which no token is demanded.
        world.apply(&with_admin("g1", app, &at(second)));
        assert_eq!(call(second, "GET", "/status").0, 200);
        strangers.iter().for_each(denied);
        friends.iter().for_each(told);
    }
}

#[test]
fn the_listener_comes_moves_and_goes_with_the_configuration() {
    let app = echo("a");
    let (first, second) = (free("127.0.0.66"), free("127.0.0.67"));
    let world = World::start(&config("g1", app));
    world.apply(&with_admin("g2", app, &at(first)));
    assert_eq!(call(first, "GET", "/healthz").1["config_version"], 2);

    let mut kept = connect(first);
    let status = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(ask(&mut kept, status).status(), 200);
    world.apply(&with_admin("g3", app, &at(second)));
    assert_eq!(call(second, "GET", "/healthz").1["config_version"], 3);
    refuses(first);
    let last = ask(&mut kept, status);
    assert_eq!((last.status(), last.field("connection")), (200, Some("close")));

    // Whoever asks for the move is answered by the listener that goes.
    let (code, answer) = call_with(second, "POST", "/rollback", "", r#"{"revision": 2}"#);
    assert_eq!((code, &answer["config_version"]), (200, &json!(4)));
    assert_eq!(call(first, "GET", "/healthz").1["config_version"], 4);
    refuses(second);
    assert_eq!(call_with(first, "POST", "/reload", "", "").0, 200);
    assert_eq!(call(second, "GET", "/healthz").1["config_version"], 5);

    // An address that is taken refuses the whole change, and the old one answers on.
    let taken = TcpListener::bind("127.0.0.68:0").expect("an address");
    rename_over(
        &world.config,
        &with_admin("g4", app, &at(taken.local_addr().expect("its address"))),
    );
    let (code, problem) = call(second, "POST", "/reload");
    assert_eq!(
        (code, problem["type"].as_str()),
        (409, Some("urn:reloadspec-proxy:problem:unavailable"))
    );
    assert_eq!(generation(&world), "g3");
    while world.outcomes.try_recv().is_ok() {}

    rename_over(&world.config, &config("g5", app));
    while generation(&world) != "g5" {
        world.outcome();
    }
    refuses(second);
}

#[test]
fn an_address_that_the_listener_has_left_can_be_had_by_the_next_change() {
    let (world, app, admin) = world("127.0.0.69");
    for number in 0..100 {
        world.apply(&config(&format!("without-{number}"), app));
        assert!(TcpStream::connect(admin).is_err(), "{number}: it still accepts");
        world.apply(&with_admin(&format!("with-{number}"), app, &at(admin)));
        assert_eq!(call(admin, "GET", "/healthz").0, 200);
    }
}

/// Waits until nobody accepts there any more.
fn refuses(address: SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "{address} still accepts");
        thread::yield_now();
    }
}

#[test]
fn a_socket_in_the_file_system_is_for_its_owner_and_gone_at_the_end() {
    let app = echo("a");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("admin.sock");
    let world = World::start(&with_admin(
        "g1",
        app,
        &format!("address: 'unix:{}'", path.display()),
    ));
    let ask = || {
        let mut stream = UnixStream::connect(&path).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream
            .write_all(request("GET", "/status", "", "").as_bytes())
            .expect("to send");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    };
    assert!(ask().starts_with("HTTP/1.1 200"));
    world.rename_over("workers: many\n");
    world.outcome();
    assert!(ask().contains("\"outcome\":\"rejected\""));
    world.proxy.shutdown();
    assert!(!path.exists());
}
