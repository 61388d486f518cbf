//! Tests of the client on answers that are odd, broken or missing: each has to end as what it was.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::client::{Ask, Client, Connection, To};
use super::recorder::Recorder;
use crate::target::Reach;
use crate::vocabulary::{Event, Markers, Outcome, Phase, Purpose, Request};

/// For what is to come.
const LONG: Duration = Duration::from_secs(20);
/// For what is to be missed.
const SHORT: Duration = Duration::from_millis(200);

/// How a server ends a connection once it has answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Closes,
    Resets,
    Never,
}

/// Reads a request for each of these and writes it, with the request's number for `{n}`; then ends when it may.
async fn serve(listener: TcpListener, answers: Vec<String>, end: End, may_end: oneshot::Receiver<()>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    for answer in answers {
        let Some(number) = number_of_request(&mut stream).await else {
            return;
        };
        stream
            .write_all(answer.replace("{n}", &number).as_bytes())
            .await
            .unwrap();
    }
    // An error means that nobody has a say in it.
    let _ = may_end.await;
    match end {
        End::Closes => {}
        End::Resets => stream.set_zero_linger().unwrap(),
        End::Never => std::future::pending().await,
    }
}

/// The number that the next request bears, unless none comes any more.
async fn number_of_request(stream: &mut TcpStream) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?.into());
    }
    let mut lines = head.lines();
    let number = lines.find_map(|line| line.strip_prefix("x-request: "));
    Some(number.expect("a request with its number").to_owned())
}

fn on_a_runtime<T>(test: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(test)
}

/// A client of a server that answers so, and what lets that server end.
async fn client(answers: &[&str], end: End) -> (Client, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answers = answers.iter().map(|&answer| answer.to_owned()).collect();
    let (let_end, may_end) = oneshot::channel();
    tokio::spawn(serve(listener, answers, end, may_end));
    (client_of(address), let_end)
}

fn client_of(address: SocketAddr) -> Client {
    Client {
        recorder: Recorder::new(),
        reach: Reach::Tcp(address),
        to: To::default(),
    }
}

fn ask(client: &Client, timeout: Duration) -> Ask {
    client.plain(Purpose::Probe, timeout)
}

/// What comes of one request on a fresh connection.
fn outcome(answer: &str, end: End) -> Outcome {
    on_a_runtime(async {
        let (client, let_end) = client(&[answer], end).await;
        drop(let_end);
        let timeout = if end == End::Never { SHORT } else { LONG };
        let (request, _) = client.ask_fresh(ask(&client, timeout)).await;
        // What is returned is what is written down.
        let events = client.recorder.take();
        assert_eq!(events, [Event::Request(request.clone())]);
        assert_eq!(
            request.first_byte.is_some(),
            !answer.is_empty(),
            "{answer:?}: {request:?}"
        );
        request.outcome
    })
}

/// The same on a connection that the server keeps open, and that is then found to be open or not.
fn outcome_and_life(answer: &str) -> (Outcome, bool) {
    on_a_runtime(async {
        let (client, _) = client(&[answer], End::Never).await;
        let (request, connection) = client.ask_fresh(ask(&client, LONG)).await;
        (request.outcome, connection.is_some())
    })
}

fn answered(status: u16, markers: Markers, intact: bool, closes: bool) -> Outcome {
    Outcome::Answered {
        status,
        markers,
        intact,
        closes,
    }
}

fn plain(status: u16) -> Outcome {
    answered(status, Markers::default(), true, false)
}

fn ended(phase: Phase) -> Outcome {
    Outcome::Ended { phase }
}

/// It passes neither for an answer nor for an end.
fn is_malformed(answer: &str) {
    let outcome = outcome(answer, End::Closes);
    assert!(
        matches!(outcome, Outcome::Malformed { .. }),
        "{answer:?}: {outcome:?}"
    );
}

#[test]
fn an_answer_tells_its_markers() {
    let answer = "HTTP/1.1 200 OK\r\nX-Generation: g7\r\nx-origin: o3\r\nx-received-generation: g6\r\n\
         x-received-credential: Bearer key-g5\r\ncontent-length: 10\r\n\r\no3 says {n}\n";
    let markers = Markers {
        stamp: Some("g7".into()),
        origin: Some("o3".into()),
        upstream: Some("g6".into()),
        credential: Some("Bearer key-g5".into()),
    };
    let (outcome, lives) = outcome_and_life(answer);
    assert_eq!(outcome, answered(200, markers, true, false));
    assert!(lives);
}

#[test]
fn an_origins_answer_to_another_request_is_not_intact() {
    for (body, intact) in [("o1 {n}\n", true), ("o1 999\n", false), ("", false)] {
        let answer = format!("HTTP/1.1 200 OK\r\nx-origin: o1\r\n\r\n{body}");
        let markers = Markers {
            origin: Some("o1".into()),
            ..Markers::default()
        };
        assert_eq!(
            outcome(&answer, End::Closes),
            answered(200, markers, intact, false),
            "{body}"
        );
    }
}

#[test]
fn a_body_without_a_length_ends_with_its_connection() {
    for head in ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 404 Not Found\r\nserver: x\r\n"] {
        let status = if head.contains("404") { 404 } else { 200 };
        assert_eq!(outcome(&format!("{head}\r\nall"), End::Closes), plain(status));
        assert_eq!(
            outcome(&format!("{head}\r\nall"), End::Never),
            Outcome::TimedOut { phase: Phase::Body }
        );
    }
}

#[test]
fn chunks_are_put_together() {
    let answer = "HTTP/1.1 200 OK\r\nx-origin: o1\r\ntransfer-encoding: chunked\r\n\r\n\
         3;a=b\r\no1 \r\n1\r\n{n}\r\n01\r\n\n\r\n0\r\nx-trailer: 1\r\n\r\n";
    let (outcome, lives) = outcome_and_life(answer);
    let markers = Markers {
        origin: Some("o1".into()),
        ..Markers::default()
    };
    assert_eq!(outcome, answered(200, markers, true, false));
    assert!(lives);
}

#[test]
fn what_comes_before_an_answer_is_not_the_answer() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx-generation: g9\r\nlink: </a>\r\n\r\n\
         HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(outcome_and_life(answer), (plain(200), true));
    let answer = "HTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(outcome(answer, End::Closes), ended(Phase::Body));
}

#[test]
fn answers_without_a_body_need_no_length() {
    for status in [204, 304] {
        let answer = format!("HTTP/1.1 {status} x\r\n\r\n");
        assert_eq!(outcome_and_life(&answer), (plain(status), true));
    }
}

#[test]
fn an_announced_end_is_told() {
    for value in ["close", "Close", "keep-alive, close", "x-hop , CLOSE"] {
        let answer = format!("HTTP/1.1 200 OK\r\nconnection: {value}\r\ncontent-length: 0\r\n\r\n");
        let closes = answered(200, Markers::default(), true, true);
        assert_eq!(outcome(&answer, End::Closes), closes, "{value}");
    }
    let twice = "HTTP/1.1 200 OK\r\nconnection: x-hop\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(
        outcome(twice, End::Closes),
        answered(200, Markers::default(), true, true)
    );
    let hop = "HTTP/1.1 200 OK\r\nconnection: x-close\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(outcome(hop, End::Closes), plain(200));
}

#[test]
fn a_marker_that_is_no_text_is_no_marker() {
    let answer = "HTTP/1.1 200 OK\r\nx-generation: g\u{e9}\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(outcome(answer, End::Closes), plain(200));
}

#[test]
fn an_answer_that_breaks_off_has_ended_where_it_broke() {
    let heads = [
        ("", Phase::Head),
        ("H", Phase::Body),
        ("HTTP/1.1 200 OK\r\ncontent-le", Phase::Body),
    ];
    let bodies = [
        "content-length: 10\r\n\r\n",
        "content-length: 10\r\n\r\n12345",
        "transfer-encoding: chunked\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n5\r\n123",
        "transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
        "transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n",
    ];
    let bodies = bodies.map(|rest| (format!("HTTP/1.1 200 OK\r\n{rest}"), Phase::Body));
    let all = heads
        .map(|(head, phase)| (head.to_owned(), phase))
        .into_iter()
        .chain(bodies);
    for (answer, phase) in all {
        assert_eq!(outcome(&answer, End::Closes), ended(phase), "{answer:?}");
        assert_eq!(
            outcome(&answer, End::Resets),
            Outcome::Reset { phase },
            "{answer:?}"
        );
        assert_eq!(
            outcome(&answer, End::Never),
            Outcome::TimedOut { phase },
            "{answer:?}"
        );
    }
}

#[test]
fn what_is_no_http_is_malformed() {
    is_malformed("SSH-2.0-OpenSSH_9.9\r\n");
    is_malformed("HTTP/1.1 abc OK\r\n\r\n");
    is_malformed("HTTP/1.1 200 OK\r\nbroken header\r\n\r\n");
    is_malformed("HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n1234567890");
    is_malformed("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12");
    is_malformed("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n");
    is_malformed("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n12345\r\n");
}

#[test]
fn nobody_who_listens_refuses() {
    on_a_runtime(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client_of(listener.local_addr().unwrap());
        drop(listener);
        let (request, connection) = client.ask_fresh(ask(&client, LONG)).await;
        assert_eq!(request.outcome, Outcome::Refused);
        assert!(connection.is_none() && request.is_fresh());
    });
}

/// Asks once, and again on the same connection, which is found to have ended in between if the server may end it then.
fn twice(answers: &[&str], end: End) -> (Request, Request) {
    on_a_runtime(async {
        let (client, let_end) = client(answers, end).await;
        let (first, connection) = client.ask_fresh(ask(&client, LONG)).await;
        let mut connection: Connection = connection.expect("it is kept");
        drop(let_end);
        if answers.len() == 1 {
            let end = async {
                while connection.is_open() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(LONG, end).await.expect("its end is noticed");
        }
        let second = connection.ask(ask(&client, LONG)).await;
        (first, second)
    })
}

const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

#[test]
fn a_kept_connection_carries_its_next_request() {
    let (first, second) = twice(&[EMPTY, EMPTY], End::Never);
    assert_eq!(second.outcome, plain(200));
    assert_eq!((first.nth, second.nth), (0, 1));
    assert_eq!(
        (first.connection, first.connect),
        (second.connection, second.connect)
    );
    assert_eq!(first.begin, first.connect);
    assert!(second.begin > first.at && second.first_byte > first.first_byte);
}

#[test]
fn on_a_connection_found_closed_nothing_is_asked_and_so_nothing_lost() {
    for end in [End::Closes, End::Resets] {
        assert_eq!(twice(&[EMPTY], end).1.outcome, Outcome::NotSent);
    }
}

#[test]
fn a_request_that_is_taken_and_not_answered_is_told() {
    let (_, second) = twice(&[EMPTY, ""], End::Closes);
    assert_eq!(second.outcome, ended(Phase::Head));
    let (_, second) = twice(&[EMPTY, ""], End::Resets);
    assert_eq!(second.outcome, Outcome::Reset { phase: Phase::Head });
}
