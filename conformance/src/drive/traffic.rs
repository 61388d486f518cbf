//! Loads, probes and what is held open: all that runs beside the driver, on a thread of its own.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle as Thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::Method;
use reloadspec_fixtures::origin;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::client::{Ask, Body, Client, Connection, Expected};
use crate::vocabulary::{Generation, Held, Outcome, Purpose};

/// Past this without an answer, a request has failed.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for a probe, which is made again.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// The same for what is held: the longest apply bound, and time to end after its release.
const HELD_TIMEOUT: Duration = Duration::from_secs(30);
/// The size of bodies that are cut in two by a gate.
const HELD_BYTES: usize = 256 * 1024;

/// The thread that all connections live on.
pub(super) struct Traffic {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<Thread<()>>,
}

impl Traffic {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("traffic".into())
            .spawn(move || {
                // An error means that the owner is gone, which is the same.
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Starts a load: `fresh` tasks with a connection a request, `kept` with one that they keep.
    pub(super) fn load(&self, client: &Client, fresh: u8, kept: u8, pause: Duration) -> Load {
        let (stop, stopped) = watch::channel(false);
        let task = |keeps: bool| {
            self.handle
                .spawn(run_load(client.clone(), keeps, pause, stopped.clone()))
        };
        let tasks = (0..fresh)
            .map(|_| task(false))
            .chain((0..kept).map(|_| task(true)))
            .collect();
        Load {
            handle: self.handle.clone(),
            stop,
            tasks,
        }
    }

    /// Asks on fresh connections until one answers with at least `wanted`, until the deadline, or until told to give up.
    pub(super) fn probe(&self, client: &Client, wanted: Generation, deadline: Instant) -> Probe {
        let task = self.handle.spawn(run_probe(client.clone(), wanted, deadline));
        Probe { task }
    }

    /// One plain request on a fresh connection.
    pub(super) fn ask_once(&self, client: &Client) -> Outcome {
        let client = client.clone();
        let task = self.handle.spawn(async move {
            client
                .ask_fresh(client.plain(Purpose::Probe, PROBE_TIMEOUT))
                .await
                .0
                .outcome
        });
        self.handle
            .block_on(task)
            .unwrap_or_else(|error| Outcome::Harness {
                detail: format!("the client failed: {error}"),
            })
    }

    /// Opens one of what is to be held over a change, behind gate `gate`.
    pub(super) fn hold(&self, client: &Client, what: Held, gate: u64) -> HeldOpen {
        let number = client.recorder.next_number();
        let (release, released) = oneshot::channel();
        let task = self
            .handle
            .spawn(run_held(client.clone(), what, number, gate, released));
        HeldOpen {
            number,
            release,
            task,
        }
    }

    /// Releases all that is held and waits until it has ended.
    pub(super) fn release(&self, held: Vec<HeldOpen>) {
        let tasks: Vec<JoinHandle<()>> = held
            .into_iter()
            .map(|open| {
                // An error means that it has ended already.
                let _ = open.release.send(());
                open.task
            })
            .collect();
        self.handle.block_on(join(tasks));
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed by its thread.
            let _ = thread.join();
        }
    }
}

/// A load that runs.
pub(super) struct Load {
    handle: Handle,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    /// Ends it after its requests in flight were answered.
    pub(super) fn stop(self) {
        // An error means that all of it has ended already.
        let _ = self.stop.send(true);
        self.handle.block_on(join(self.tasks));
    }
}

/// A probe that runs.
pub(super) struct Probe {
    task: JoinHandle<()>,
}

impl Probe {
    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request, or an idle connection, that is held open.
pub(super) struct HeldOpen {
    /// The request's number, by which an origin knows it.
    pub(super) number: u64,
    release: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn join(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        // A panic there has been printed by its thread.
        let _ = task.await;
    }
}

async fn run_load(client: Client, keeps: bool, pause: Duration, mut stopped: watch::Receiver<bool>) {
    let mut connection: Option<Connection> = None;
    while !*stopped.borrow() {
        let ask = client.plain(Purpose::Load, REQUEST_TIMEOUT);
        connection = match connection.take() {
            Some(mut kept) => {
                let request = kept.ask(ask).await;
                let lives = matches!(request.outcome, Outcome::Answered { closes: false, .. });
                (lives && kept.is_open()).then_some(kept)
            }
            None => client.ask_fresh(ask).await.1.filter(|_| keeps),
        };
        // Either the pause is over, or the load; an error means the same as the latter.
        let _ = tokio::time::timeout(pause, stopped.wait_for(|stop| *stop)).await;
    }
}

async fn run_probe(client: Client, wanted: Generation, deadline: Instant) {
    let begun = Instant::now();
    while Instant::now() < deadline {
        let (request, _) = client
            .ask_fresh(client.plain(Purpose::Probe, PROBE_TIMEOUT))
            .await;
        if request
            .generation()
            .is_some_and(|generation| generation >= wanted)
        {
            return;
        }
        // Without a pause at first, where a fraction of a millisecond is told apart; then ever more rarely.
        match begun.elapsed().as_millis() {
            0..20 => tokio::task::yield_now().await,
            20..250 => tokio::time::sleep(Duration::from_millis(1)).await,
            _ => tokio::time::sleep(Duration::from_millis(4)).await,
        }
    }
}

async fn run_held(client: Client, what: Held, number: u64, gate: u64, released: oneshot::Receiver<()>) {
    let ask = |path: String, expected: Expected| Ask {
        number,
        purpose: Purpose::Held(what),
        method: Method::GET,
        path,
        body: super::client::no_body(),
        length: None,
        expected,
        timeout: HELD_TIMEOUT,
    };
    let in_two = format!("gate={gate}&bytes={HELD_BYTES}&seed={number}");
    let ask = match what {
        Held::Request => ask(format!("/held?gate={gate}"), Expected::Text),
        Held::Download => ask(format!("/download?{in_two}"), Expected::Pattern(HELD_BYTES)),
        Held::Stream => ask(format!("/stream?{in_two}"), Expected::Pattern(HELD_BYTES)),
        Held::Upload => {
            let bytes = Bytes::from(origin::pattern(number, HELD_BYTES));
            let digest = origin::digest(&bytes);
            Ask {
                method: Method::POST,
                body: in_two_halves(bytes, released),
                length: Some(HELD_BYTES),
                ..ask("/upload".into(), Expected::Received(digest))
            }
        }
        Held::Idle => {
            let (_, connection) = client
                .ask_fresh(client.plain(Purpose::Probe, REQUEST_TIMEOUT))
                .await;
            let Some(mut connection) = connection else { return };
            client.recorder.note_open(number);
            // An error means that the owner is gone.
            if released.await.is_ok() {
                connection.ask(ask("/".into(), Expected::Text)).await;
            }
            return;
        }
    };
    client.ask_fresh(ask).await;
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

/// The client of a case, shared by all of its traffic.
pub(super) fn client_of(recorder: &Arc<super::recorder::Recorder>, address: std::net::SocketAddr) -> Client {
    Client {
        recorder: Arc::clone(recorder),
        address,
    }
}
