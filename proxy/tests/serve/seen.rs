//! What can be seen of a proxy that reloads, drains and stops: its metrics, its status, its readiness.

use std::io::Write;

use serde_json::json;

use crate::admin::{at, call, free, request, with_admin, world};
use crate::support::{PATIENCE, World, connect, echo, gated, raw, read_answer, rename_over};

#[test]
fn while_it_stops_the_proxy_is_not_ready_and_takes_no_orders() {
    let slow = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast");
    let admin = free("127.0.0.69");
    let world = World::start(&with_admin("g1", slow.address, &at(admin)));
    let mut client = connect(world.address());
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("to send");
    slow.arrived();
    let proxy = world.proxy;
    let stopping = std::thread::spawn(move || proxy.shutdown());
    let deadline = std::time::Instant::now() + PATIENCE;
    while call(admin, "GET", "/readyz").0 != 503 {
        assert!(std::time::Instant::now() < deadline, "still ready");
    }
    let status = call(admin, "GET", "/status").1;
    assert_eq!(
        (&status["state"], &status["connections"]),
        (&json!("stopping"), &json!(1))
    );
    assert_eq!(call(admin, "POST", "/reload").0, 503);
    // Nobody looks after the file any more, and nobody says so.
    let metrics = raw(admin, &request("GET", "/metrics", "", "")).body;
    assert!(
        metrics.contains("\ngateway_config_watcher_running 0\n"),
        "{metrics}"
    );
    slow.open();
    assert_eq!(read_answer(&mut client).body, "last");
    stopping.join().expect("an end");
}

#[test]
fn metrics_count_reloads_and_answers_under_the_configured_prefix() {
    let (world, app, admin) = world("127.0.0.70");
    let metric = |name: &str| {
        let answer = raw(admin, &request("GET", "/metrics", "", ""));
        assert_eq!(answer.status(), 200);
        let line = answer
            .body
            .lines()
            .find(|line| line.rsplit_once(' ').is_some_and(|(found, _)| found == name));
        let line = line.unwrap_or_else(|| panic!("no {name} in\n{}", answer.body));
        line.rsplit_once(' ').expect("a value").1.to_owned()
    };
    assert_eq!(metric("gateway_config_reload_total{status=\"success\"}"), "0");
    assert_eq!(metric("gateway_config_watcher_running"), "1");
    world.get("/");
    world.get("/../x");
    assert_eq!(metric("gateway_requests_total{class=\"2xx\"}"), "1");
    assert_eq!(metric("gateway_requests_total{class=\"4xx\"}"), "1");
    // What retired workers counted is not lost.
    world.apply(&(with_admin("g2", app, &at(admin)) + "workers: 1\nmetrics: {prefix: edge}\n"));
    assert_eq!(metric("edge_requests_total{class=\"2xx\"}"), "1");
    assert_eq!(metric("edge_config_reload_total{status=\"success\"}"), "1");
    let digest = call(admin, "GET", "/status").1["digest"]
        .as_str()
        .expect("a digest")
        .to_owned();
    assert_eq!(metric(&format!("edge_config_hash{{hash=\"{digest}\"}}")), "1");
    rename_over(&world.config, "admin: {address: nowhere}\n");
    world.outcome();
    assert_eq!(
        metric("edge_config_reload_errors_total{error_type=\"invalid\"}"),
        "1"
    );
    assert_eq!(
        metric("edge_config_reload_component_total{component=\"admin\",status=\"error\"}"),
        "1"
    );
    assert_eq!(metric("edge_config_disk_differs"), "1");
}

#[test]
fn a_generation_drains_until_its_last_request_is_answered() {
    let slow = gated("", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast");
    let admin = free("127.0.0.71");
    let world = World::start(&with_admin("g1", slow.address, &at(admin)));
    let mut client = connect(world.address());
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("to send");
    slow.arrived();
    world.apply(&with_admin("g2", echo("b"), &at(admin)));
    world.apply(&with_admin("g3", echo("b"), &at(admin)));
    let draining = || call(admin, "GET", "/status").1["draining"].clone();
    assert_eq!(
        draining(),
        json!({"generations": 1, "revisions": [1], "connections": 0})
    );
    slow.open();
    assert_eq!(read_answer(&mut client).field("x-generation"), Some("g1"));
    let deadline = std::time::Instant::now() + PATIENCE;
    while draining()["generations"] != 0 {
        assert!(std::time::Instant::now() < deadline, "it does not end");
    }
}
