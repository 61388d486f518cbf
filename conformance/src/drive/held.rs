//! What stays open or goes on beside the steps: what is held over a change, and loads.
//!
//! In: which kind, and how many. Out: its requests, in the recorder. Never: a second try.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::Method;
use reloadspec_fixtures::origin;
use tokio::sync::oneshot;

use super::client::{Ask, Body, Client, Expected, REQUEST_TIMEOUT, no_body};
use super::script::{Driver, Flow};
use super::streams::Shared;
use super::traffic::{HeldOpen, LoadKind, client_to};
use super::websocket::run_websocket;
use crate::vocabulary::{Event, Held, Listener, Outcome, Purpose};

/// How long the origin may take to see what is held open. An upload may be kept by a proxy that buffers requests.
const HELD_OPEN: Duration = Duration::from_secs(1);
/// As [`HELD_OPEN`], for an upload, which a proxy may keep to itself until it has all of it.
const UPLOAD_OPEN: Duration = Duration::from_millis(200);
/// Past this without an answer, what is held has failed: the longest apply bound, and time to end after its release.
const HELD_TIMEOUT: Duration = Duration::from_secs(30);
/// The size of bodies that are cut in two by a gate.
const HELD_BYTES: usize = 256 * 1024;
/// Between the two requests of a pair: what ends a connection right after an answer has ended it by then.
const BETWEEN: Duration = Duration::from_millis(200);

impl Driver<'_> {
    /// Opens so many of what is to be held, and waits until the origin has each.
    pub(super) fn hold(&mut self, what: Held, count: u8) -> Flow {
        let Some(running) = &self.running else {
            return Flow::Continue(());
        };
        let client = client_to(&self.recorder, &running.laid.place, self.to);
        let gate = self.gate + 1;
        let by_http2 = (self.to.listener == Listener::Http2).then(Shared::default);
        let open: Vec<HeldOpen> = (0..count)
            .map(|_| self.traffic.hold(&client, by_http2.as_ref(), what, gate))
            .collect();
        let patience = if what == Held::Upload {
            UPLOAD_OPEN
        } else {
            HELD_OPEN
        };
        let deadline = Instant::now() + patience;
        let mark = self.recorder.mark();
        let all_open = || open.iter().all(|open| self.recorder.has_arrived(open.number)) || self.over();
        self.recorder.wait_for(mark, deadline, all_open, |_| false);
        self.held.extend(open);
        Flow::Continue(())
    }

    /// Releases all that is held, and waits for its end.
    pub(super) fn release(&mut self) {
        if self.held.is_empty() {
            return;
        }
        self.gate += 1;
        self.recorder.record(Event::Released {
            at: self.recorder.now(),
        });
        self.origins.open_gate(self.gate);
        self.traffic.release(std::mem::take(&mut self.held));
    }

    /// Starts a load of so many tasks of each kind.
    pub(super) fn load(&mut self, tasks: &[(LoadKind, u8)], pause_us: u32) {
        if let Some(running) = &self.running {
            let client = client_to(&self.recorder, &running.laid.place, self.to);
            let pause = Duration::from_micros(u64::from(pause_us));
            self.loads.push(self.traffic.load(&client, tasks, pause));
        }
    }

    /// Ends all loads, after their requests in flight were answered.
    pub(super) fn end_load(&mut self) {
        for asking in self.asking.drain(..) {
            asking.stop();
        }
        for load in self.loads.drain(..) {
            load.stop();
        }
    }
}

/// Carries out what is held: opens it, and ends it once it is released.
pub(super) async fn run_held(
    client: Client,
    what: Held,
    number: u64,
    gate: u64,
    released: oneshot::Receiver<()>,
) {
    match what {
        Held::WebSocket => return run_websocket(client, number, HELD_TIMEOUT, released).await,
        Held::Idle => return run_idle(&client, number, released).await,
        _ => {}
    }
    let (request, connection) = client.ask_fresh(asked(what, number, gate, Some(released))).await;
    if what == Held::Pair
        && matches!(request.outcome, Outcome::Answered { closes: false, .. })
        && let Some(mut connection) = connection
    {
        tokio::time::sleep(BETWEEN).await;
        connection
            .ask(client.plain(Purpose::Held(what), REQUEST_TIMEOUT))
            .await;
    }
}

/// The request by which something is held open.
pub(super) fn asked(what: Held, number: u64, gate: u64, released: Option<oneshot::Receiver<()>>) -> Ask {
    let ask = |path: String, expected: Expected| Ask {
        number,
        purpose: Purpose::Held(what),
        method: Method::GET,
        path,
        body: no_body(),
        length: None,
        expected,
        timeout: HELD_TIMEOUT,
        due: None,
        fields: Vec::new(),
    };
    let in_two = format!("gate={gate}&bytes={HELD_BYTES}&seed={number}");
    match what {
        Held::Request | Held::Pair => ask(format!("/held?gate={gate}"), Expected::Text),
        Held::Events => ask(format!("/events?gate={gate}"), Expected::Events),
        Held::Download => ask(format!("/download?{in_two}"), Expected::Pattern(HELD_BYTES)),
        Held::Stream => ask(format!("/stream?{in_two}"), Expected::Pattern(HELD_BYTES)),
        Held::Idle | Held::WebSocket => ask("/".into(), Expected::Text),
        Held::Grpc => Ask {
            method: Method::POST,
            ..ask("/grpc".into(), Expected::Text)
        },
        Held::Upload => {
            let bytes = Bytes::from(origin::pattern(number, HELD_BYTES));
            let digest = origin::digest(&bytes);
            Ask {
                method: Method::POST,
                body: released.map_or_else(no_body, |released| in_two_halves(bytes, released)),
                length: Some(HELD_BYTES),
                ..ask("/upload".into(), Expected::Received(digest))
            }
        }
    }
}

/// A connection that has borne a request, and bears another once it is released.
async fn run_idle(client: &Client, number: u64, mut released: oneshot::Receiver<()>) {
    let (request, connection) = client
        .ask_fresh(client.plain(Purpose::Probe, REQUEST_TIMEOUT))
        .await;
    let answered = matches!(request.outcome, Outcome::Answered { .. });
    let Some(mut connection) = connection.filter(|_| answered) else {
        return;
    };
    client.recorder.note_open(number);
    // An error means that the owner is gone.
    if (&mut released).await.is_ok() {
        connection.ask(asked(Held::Idle, number, 0, None)).await;
    }
}

/// A body whose second half is sent once it is released.
fn in_two_halves(mut bytes: Bytes, released: oneshot::Receiver<()>) -> Body {
    let second = bytes.split_off(bytes.len() / 2);
    let (mut sender, body): (Sender<Bytes>, Channel<Bytes>) = Channel::new(1);
    tokio::spawn(async move {
        // An error means that the connection is gone; the request sees that for itself.
        if sender.send_data(bytes).await.is_ok() && released.await.is_ok() {
            let _ = sender.send_data(second).await;
        }
    });
    body.boxed()
}
