//! Endpoints that are given by name: all addresses count, changes of them are followed, and nobody waits for a name that has no answer.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};

use reloadspec_proxy::Options;
use serde_json::Value;

use crate::admin::{at, call, free, request};
use crate::servers::{Server, bodies, until};
use crate::support::{World, connect, gated, raw, read_answer};

/// Answers for names, which can change. A name without one is looked up for ever.
#[derive(Clone, Default)]
struct Answers(Arc<(Mutex<HashMap<String, Answer>>, Condvar)>);

#[derive(Clone)]
enum Answer {
    Addresses(Vec<SocketAddr>),
    Failure,
}

impl Answers {
    fn put(&self, name: &str, answer: Answer) {
        let (answers, changed) = &*self.0;
        answers.lock().expect("answers").insert(name.to_owned(), answer);
        changed.notify_all();
    }

    fn set(&self, name: &str, addresses: &[SocketAddr]) {
        self.put(name, Answer::Addresses(addresses.to_vec()));
    }

    fn find(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let (answers, changed) = &*self.0;
        let answers = answers.lock().expect("answers");
        let answers = changed
            .wait_while(answers, |answers| !answers.contains_key(name))
            .expect("answers");
        match &answers[name] {
            Answer::Addresses(all) => Ok(all.clone()),
            Answer::Failure => Err(io::Error::other("no such name")),
        }
    }

    /// A proxy that asks here.
    fn world(&self, config: &str) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("proxy.yaml");
        std::fs::write(&path, config).expect("a file");
        let answers = self.clone();
        let options = Options::new(&path).resolver(move |name| answers.find(name));
        World::start_with(folder, path, options)
    }
}

/// One upstream with an endpoint of this name.
fn config(name: &str, of_upstream: &str, more: &str) -> String {
    format!(
        "listeners: [{{name: web, address: '127.0.0.1:0'}}]\nroutes: [{{upstream: app}}]\n\
         upstreams: [{{name: app, endpoints: [{{address: '{name}'}}]{of_upstream}}}]\n{more}"
    )
}

const OFTEN: &str = ", resolve: {every: 10ms}";
const APP: &str = "app.test:80";

fn sorted(world: &World, count: usize) -> Vec<String> {
    let mut all = bodies(world, count);
    all.sort();
    all
}

fn of_app(admin: SocketAddr) -> Value {
    call(admin, "GET", "/status").1["upstreams"][0].clone()
}

#[test]
fn a_name_stands_for_all_of_its_addresses_and_they_are_followed() {
    let [a, b, c] = ["a", "b", "c"].map(Server::start);
    let answers = Answers::default();
    answers.set(APP, &[a.address, b.address]);
    let admin = free("127.0.0.77");
    let text = config(APP, OFTEN, &format!("admin: {{{}}}\n", at(admin)));
    let world = answers.world(&text);
    // Not one request is lost, not the first one either.
    assert_eq!(sorted(&world, 4), ["a", "a", "b", "b"]);
    answers.set(APP, &[b.address, c.address]);
    until("the new address", || bodies(&world, 2).contains(&"c".to_owned()));
    assert_eq!(sorted(&world, 4), ["b", "b", "c", "c"]);
    let shown = of_app(admin);
    let endpoint = format!("app.test={}", b.address);
    assert_eq!(
        shown["endpoints"][0]["address"].as_str().map(str::len),
        Some(endpoint.len())
    );
    assert_eq!(shown["names"][0]["name"], APP);
    assert_eq!(shown["names"][0]["addresses"].as_array().map(Vec::len), Some(2));
    // Neither a failure nor an empty answer takes anything away.
    for (answer, result) in [
        (Answer::Failure, "failed"),
        (Answer::Addresses(Vec::new()), "empty"),
    ] {
        answers.put(APP, answer);
        let count = || of_app(admin)["names"][0]["lookups"][result].as_u64();
        until("lookups that give nothing", || count() > Some(2));
        assert_eq!(sorted(&world, 4), ["b", "b", "c", "c"]);
    }
    assert_eq!(of_app(admin)["names"][0]["error"], "it has no address");
    let metrics = raw(admin, &request("GET", "/metrics", "", "")).body;
    for line in [
        "gateway_upstream_name_addresses{upstream=\"app\",name=\"app.test:80\"} 2",
        "gateway_upstream_name_answer_age_seconds{upstream=\"app\",name=\"app.test:80\"} 0.",
        "gateway_upstream_name_lookups_total{upstream=\"app\",name=\"app.test:80\",result=\"failed\"} ",
    ] {
        assert!(metrics.contains(line), "no {line} in {metrics}");
    }
    answers.set(APP, &[a.address]);
    until("an answer again", || {
        bodies(&world, 4).iter().all(|body| body == "a")
    });
}

#[test]
fn no_request_is_lost_while_addresses_change() {
    let servers = ["a", "b", "c"].map(Server::start);
    let held = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nheld");
    let answers = Answers::default();
    answers.set(APP, &[held.address]);
    let admin = free("127.0.0.80");
    let admin_too = format!("admin: {{{}}}\n", at(admin));
    let world = answers.world(&config(APP, OFTEN, &admin_too));
    let mut open = connect(world.address());
    open.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("to send");
    held.arrived();
    answers.set(APP, &[servers[0].address]);
    // Whoever went to the one that is held would wait for ever.
    let first = format!("app.test={}", servers[0].address);
    let known = || of_app(admin)["endpoints"][0]["address"] == first;
    until("another address", known);
    for turn in 0..60 {
        let pair = [servers[turn % 3].address, servers[(turn + 1) % 3].address];
        answers.set(APP, &pair);
        for _ in 0..5 {
            assert_eq!(world.get("/").status(), 200);
        }
        if turn % 10 == 0 {
            // A change of something else is in no one's way.
            let more = format!("response_headers: {{set: {{x-turn: '{turn}'}}}}\n{admin_too}");
            world.apply(&config(
                APP,
                &format!("{OFTEN}, timeouts: {{connect: {}s}}", turn + 1),
                &more,
            ));
        }
    }
    held.open();
    assert_eq!(read_answer(&mut open).body, "held");
}

#[test]
fn a_name_without_an_answer_holds_up_neither_a_change_nor_requests_to_others() {
    let server = Server::start("a");
    let answers = Answers::default();
    answers.put("unknown.test:80", Answer::Failure);
    let two = |name: &str, number: usize| {
        format!(
            "listeners: [{{name: web, address: '127.0.0.1:0'}}]\n\
             routes: [{{upstream: app}}, {{prefix: /other, upstream: other}}]\n\
             response_headers: {{set: {{x-number: '{number}'}}}}\n\
             upstreams: [{{name: app, endpoints: [{{address: '{}'}}]}},\n  \
             {{name: other, endpoints: [{{address: '{name}'}}], timeouts: {{connect: 100ms}}}}]\n",
            server.address
        )
    };
    // Its lookup does not end as long as the test runs.
    let world = answers.world(&two("slow.test:80", 0));
    for (number, name) in ["slow.test:80", "unknown.test:80", "slower.test:80"]
        .into_iter()
        .enumerate()
    {
        world.apply(&two(name, number + 1));
        assert_eq!(world.get("/").body, "a");
        assert_eq!(world.get("/other").status(), 503, "{name}");
    }
    answers.set("slower.test:80", &[server.address]);
    until("an answer at last", || world.get("/other").status() == 200);
    answers.set("slow.test:80", &[]);
}

#[test]
fn a_name_is_looked_up_as_the_last_change_says() {
    let [a, b] = ["a", "b"].map(Server::start);
    let v6 = std::net::TcpListener::bind("[::1]:0").map(|listener| listener.local_addr());
    let answers = Answers::default();
    answers.set(APP, &[a.address]);
    let admin = free("127.0.0.78");
    let with = |rest: &str| {
        let of_upstream = format!(", resolve: {{{rest}}}, timeouts: {{connect: 1h}}");
        config(APP, &of_upstream, &format!("admin: {{{}}}\n", at(admin)))
    };
    let world = answers.world(&with("every: 1h"));
    assert_eq!(sorted(&world, 2), ["a", "a"]);
    answers.set(APP, &[b.address]);
    assert_eq!(sorted(&world, 2), ["a", "a"]);
    world.apply(&with("every: 20ms"));
    until("the new address", || world.get("/").body == "b");
    if let Ok(Ok(v6)) = v6 {
        answers.set(APP, &[b.address, v6]);
        let known = || of_app(admin)["endpoints"].as_array().map_or(0, Vec::len);
        world.apply(&with("every: 20ms, prefer: both"));
        until("both families", || known() == 2);
        world.apply(&with("every: 20ms, prefer: ipv6"));
        until("the other family", || {
            of_app(admin)["endpoints"][0]["address"] == format!("app.test={v6}") && known() == 1
        });
    }
    // One that does not end fails when its time is over, and that time is the new one.
    let slow = |rest: &str| with(rest).replace(APP, "slow.test:80");
    world.apply(&slow("timeout: 1h"));
    assert_eq!(of_app(admin)["names"][0]["lookups"]["failed"], 0);
    world.apply(&slow("timeout: 20ms"));
    assert_eq!(world.get("/").status(), 503);
    assert_eq!(of_app(admin)["names"][0]["error"], "it took too long");
    answers.set("slow.test:80", &[a.address]);
    until("an answer that comes late", || world.get("/").body == "a");
}
