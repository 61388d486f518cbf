//! Checks of endpoints: what is asked, what follows, and that neither a change nor a request waits for them or forgets them.

use crate::admin::{at, free, request};
use crate::process::{Process, file};
use crate::servers::{SILENT, Server, bodies, config, known, until};
use crate::support::{World, raw, rename_over};

#[test]
fn what_is_asked_is_what_the_last_change_says() {
    let server = Server::start("a");
    let health = |rest: &str| {
        config(
            &[&server],
            &format!(", health: {{interval: 20ms, healthy_after: 1, unhealthy_after: 1{rest}}}"),
            "",
        )
    };
    let world = World::start(&health(", path: '/a?b=1'"));
    let own = format!("host: {}\r\n", server.address);
    let asked = |path: &str, host: &str| {
        let heads = server.checks();
        heads
            .iter()
            .any(|head| head.starts_with(&format!("GET {path} HTTP/1.1\r\n")) && head.contains(host))
    };
    until("a check", || asked("/a?b=1", &own));
    assert_eq!(world.get("/").status(), 200);
    world.apply(&health(", path: /b, host: 'x.test:81', expect: '404,500-599'"));
    until("a check of another path", || asked("/b", "host: x.test:81\r\n"));
    // 200 is not what is expected.
    until("no requests", || world.get("/").status() == 503);
    server.answer_checks(404);
    until("requests", || world.get("/").status() == 200);
    server.answer_checks(200);
    until("no requests again", || world.get("/").status() == 503);
    world.apply(&health(", type: tcp"));
    until("requests after a connection", || world.get("/").status() == 200);
    world.apply(&config(&[&server], "", ""));
    let before = server.checks().len();
    server.answer_checks(500);
    std::thread::sleep(std::time::Duration::from_millis(60));
    assert_eq!((server.checks().len(), world.get("/").status()), (before, 200));
}

#[test]
fn a_change_that_does_not_touch_checks_keeps_schedule_and_state() {
    let (sick, well) = (Server::start("sick"), Server::start("well"));
    sick.answer_checks(503);
    let often = |interval: &str| format!(", health: {{interval: {interval}, healthy_after: 1}}");
    let world = World::start(&config(&[&sick, &well], &often("1h"), ""));
    until("no requests to who is sick", || {
        bodies(&world, 4).iter().all(|body| body == "well")
    });
    sick.answer_checks(200);
    for number in 0..10 {
        let more = format!("response_headers: {{set: {{x-number: '{number}'}}}}\n");
        let timeouts = format!(
            ", timeouts: {{connect: {}s}}, balance: least_requests",
            number + 1
        );
        world.apply(&config(&[&well, &sick], &(often("1h") + &timeouts), &more));
        assert!(bodies(&world, 4).iter().all(|body| body == "well"));
    }
    assert_eq!((sick.checks().len(), well.checks().len()), (1, 1));
    world.apply(&config(&[&sick, &well], &often("20ms"), ""));
    until("requests to both", || {
        bodies(&world, 2).contains(&"sick".to_owned())
    });
    until("more checks", || well.checks().len() > 3);
}

#[test]
fn how_long_and_how_often_is_what_the_last_change_says() {
    let server = Server::start("a");
    server.answer_checks(SILENT);
    let health = |rest: &str| config(&[&server], &format!(", health: {{{rest}}}"), "");
    let world = World::start(&health("timeout: 1h"));
    until("a check", || server.checks().len() == 1);
    assert_eq!(world.get("/").status(), 200);
    world.apply(&health("timeout: 20ms"));
    until("a failure", || world.get("/").status() == 503);
    server.answer_checks(200);
    let seen = server.checks().len();
    world.apply(&health("interval: 1h, healthy_after: 2"));
    until("one that passes", || server.checks().len() > seen);
    assert_eq!(world.get("/").status(), 503);
    world.apply(&health("interval: 1h, healthy_after: 1"));
    until("health", || world.get("/").status() == 200);
    server.answer_checks(500);
    let seen = server.checks().len();
    world.apply(&health("interval: 1h, unhealthy_after: 2"));
    until("one that fails", || server.checks().len() > seen);
    assert_eq!(world.get("/").status(), 200);
    world.apply(&health("interval: 1h, unhealthy_after: 1"));
    until("the end", || world.get("/").status() == 503);
}

#[test]
fn who_is_unhealthy_gets_nothing_but_checks_and_everybody_can_see_it() {
    let (sick, well) = (Server::start("sick"), Server::start("well"));
    let admin = free("127.0.0.76");
    let text = config(
        &[&sick, &well],
        ", health: {interval: 20ms}",
        &format!("admin: {{{}}}\n", at(admin)),
    );
    let (_folder, path) = file(text.clone());
    let process = Process::start(&path, &[]);
    until("checks", || known(admin, &well)["health"] == "healthy");
    sick.answer_checks(500);
    let told = process.line("endpoint unhealthy");
    assert!(told.contains("WARN") && told.contains("upstream=app"), "{told}");
    assert!(told.contains("the answer was 500"), "{told}");
    let before = sick.requests();
    let state = known(admin, &sick);
    assert_eq!(
        (&state["health"], &state["gets_requests"]),
        (&"unhealthy".into(), &false.into())
    );
    let series = |name: &str, rest: &str| {
        let labels = format!("upstream=\"app\",endpoint=\"{}\"{rest}", sick.address);
        let metrics = raw(admin, &request("GET", "/metrics", "", "")).body;
        let start = format!("gateway_upstream_endpoint_{name}{{{labels}}} ");
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(&start).map(str::to_owned));
        line.unwrap_or_else(|| panic!("no {start} in {metrics}"))
    };
    assert_eq!(
        (series("up", ""), series("requests", "")),
        ("0".into(), "0".into())
    );
    assert_eq!(series("ejections_total", ""), "0");
    let failed: u64 = series("checks_total", ",result=\"failed\"")
        .parse()
        .expect("a number");
    rename_over(&path, &(text + "response_headers: {set: {x-a: b}}\n"));
    until("another revision", || {
        series("checks_total", ",result=\"failed\"")
            .parse::<u64>()
            .expect("a number")
            > failed + 3
    });
    assert_eq!(sick.requests(), before);
    sick.answer_checks(200);
    assert!(process.line("endpoint healthy").contains("INFO"));
    process.signal("-TERM");
    assert_eq!(process.rest().0, Some(0));
}
