//! Connections that rest: what serves them is let go of after a while, and nothing of that is seen from outside.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::authority::Authority;
use crate::support::{PATIENCE, World, ask, config, connect, echo, origin, read_answer, read_head};
use crate::tls;

/// Longer than what serves a connection stays with it.
const REST: Duration = Duration::from_millis(400);

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn get(path: &str) -> String {
    format!("GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// Asks as often as it takes for what serves the connection to stay with it for a while.
fn ask_twice(client: &mut TcpStream) {
    for _ in 0..2 {
        assert_eq!(ask(client, GET).status(), 200);
    }
}

/// Whether nothing comes, and the connection stands.
fn is_open(client: &mut TcpStream) -> bool {
    let before = client.read_timeout().expect("a time-out");
    let short = Some(Duration::from_millis(1));
    client.set_read_timeout(short).expect("a time-out");
    let read = client.read(&mut [0]);
    client.set_read_timeout(before).expect("a time-out");
    read.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn pipelined_requests_are_answered_in_turn_across_every_rest() {
    let world = World::start(&config("g1", echo("a")));
    let mut client = connect(world.address());
    for round in 0..3 {
        // More than are served in one turn.
        let requests: String = (0..40).map(|number| get(&format!("{round}/{number}"))).collect();
        client.write_all(requests.as_bytes()).expect("to send");
        for number in 0..40 {
            let answer = read_answer(&mut client);
            let wanted = format!("a\nGET /{round}/{number} HTTP/1.1\r\n");
            assert!(answer.body.starts_with(&wanted), "{answer:?}");
            assert_eq!(answer.field("connection"), None);
        }
        thread::sleep(REST);
        assert!(is_open(&mut client));
    }
}

#[test]
fn a_head_that_begins_with_the_request_before_is_finished_after_a_rest() {
    let world = World::start(&config("g1", echo("a")));
    let mut client = connect(world.address());
    for rounds in 0..2 {
        let (begin, rest) = GET.split_at(rounds + 1);
        assert_eq!(ask(&mut client, &format!("{GET}{begin}")).status(), 200);
        thread::sleep(REST);
        assert_eq!(ask(&mut client, rest).status(), 200);
    }
}

#[test]
fn a_head_in_two_pieces_with_a_rest_between_has_its_time_and_no_more() {
    let limits = "limits: {header_read_timeout: 1s}\n";
    let world = World::start(&(config("g1", echo("a")) + limits));
    let mut client = connect(world.address());
    ask_twice(&mut client);
    thread::sleep(REST);
    client.write_all(b"GET / HT").expect("to send");
    thread::sleep(REST);
    assert_eq!(ask(&mut client, "TP/1.1\r\nHost: a\r\n\r\n").status(), 200);
    thread::sleep(REST);
    client.write_all(b"GET / HT").expect("to send");
    let began = Instant::now();
    assert_eq!(client.read(&mut [0]).expect("an end"), 0);
    let took = began.elapsed();
    assert!(
        took > Duration::from_millis(900) && took < PATIENCE / 2,
        "{took:?}"
    );
}

#[test]
fn a_body_may_pause_longer_than_a_rest_and_another_request_follows_it() {
    let (asked, heard) = mpsc::channel();
    let early = origin(move |mut stream| {
        loop {
            if read_head(&mut stream).is_empty() {
                return;
            }
            // The answer is complete before the request is.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            let mut body = [0; 4];
            if stream.read_exact(&mut body).is_ok() {
                let _ = asked.send(body);
            }
        }
    });
    let world = World::start(&config("g1", early));
    let mut client = connect(world.address());
    for _ in 0..3 {
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12";
        client.write_all(post.as_bytes()).expect("to send");
        let answer = read_answer(&mut client);
        assert_eq!((answer.status(), answer.field("connection")), (200, None));
        thread::sleep(REST);
        client.write_all(b"34").expect("to send");
        assert_eq!(&heard.recv_timeout(PATIENCE).expect("a body"), b"1234");
        thread::sleep(REST);
    }
}

#[test]
fn a_tunnel_opens_after_a_rest_and_has_what_came_with_its_request() {
    let tunnel = origin(|mut stream| {
        loop {
            let head = read_head(&mut stream).to_lowercase();
            if head.contains("upgrade: echo") {
                break;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
        let _ = stream.write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello",
        );
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut bytes) {
            let _ = stream.write_all(&bytes[..count]);
        }
    });
    let world = World::start(&config("g1", tunnel));
    let mut client = connect(world.address());
    for times in 0..3 {
        if times > 0 {
            assert_eq!(ask(&mut client, GET).body, "ok");
        }
        thread::sleep(REST);
    }
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly";
    client.write_all(request.as_bytes()).expect("to send");
    assert!(read_head(&mut client).starts_with("HTTP/1.1 101"));
    let mut bytes = [0; 10];
    client.read_exact(&mut bytes).expect("both");
    assert_eq!(&bytes, b"helloearly");
    thread::sleep(REST);
    client.write_all(b"late").expect("to send");
    client.read_exact(&mut bytes[..4]).expect("an echo");
    assert_eq!(&bytes[..4], b"late");
    drop(client);
    let deadline = Instant::now() + PATIENCE;
    while world.proxy.connection_count() > 0 {
        assert!(Instant::now() < deadline, "it is still open");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_connection_by_tls_is_served_after_a_rest_and_ends_with_a_word() {
    let authority = Authority::new();
    let pair = authority.issue("a.test");
    let text = tls::config(echo("a"), &["a"], "") + "limits: {idle_timeout: 1500ms}\n";
    let world = tls::world(&[("a", &pair)], &text);
    let mut client = tls::secure(&authority.client(None), world.address(), "a.test");
    for _ in 0..3 {
        for _ in 0..2 {
            client.write_all(GET.as_bytes()).expect("to send");
            let mut answer = [0; 1024];
            let count = client.read(&mut answer).expect("an answer");
            assert!(answer[..count].starts_with(b"HTTP/1.1 200"));
        }
        thread::sleep(REST);
    }
    // An end without a word would be an error here.
    assert_eq!(client.read(&mut [0; 64]).expect("an end"), 0);
}

#[test]
fn a_shorter_idle_time_out_ends_those_that_rest() {
    let world = World::start(&config("g1", echo("a")));
    let mut clients: Vec<_> = (0..3).map(|_| connect(world.address())).collect();
    assert_eq!(ask(&mut clients[1], GET).status(), 200);
    ask_twice(&mut clients[2]);
    thread::sleep(REST);
    assert!(clients.iter_mut().all(is_open));
    world.apply(&(config("g2", echo("a")) + "limits: {idle_timeout: 500ms}\n"));
    let began = Instant::now();
    for client in &mut clients {
        assert_eq!(client.read(&mut [0]).expect("an end"), 0);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn those_that_rest_at_a_listener_that_goes_have_a_last_answer_or_an_end() {
    let world = World::start(&config("g1", echo("a")));
    let mut clients: Vec<_> = (0..4).map(|_| connect(world.address())).collect();
    for client in &mut clients[1..] {
        ask_twice(client);
    }
    thread::sleep(REST);
    world.apply(&config("g2", echo("a")).replace("127.0.0.1:0", "127.0.0.2:0"));
    let answer = ask(&mut clients[3], GET);
    assert_eq!(
        (answer.status(), answer.field("connection")),
        (200, Some("close"))
    );
    for client in &mut clients {
        assert_eq!(client.read(&mut [0]).expect("an end"), 0);
    }
}
