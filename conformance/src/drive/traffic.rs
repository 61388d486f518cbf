//! Loads, probes and what is held open: all that runs beside the driver, on a thread of its own.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle as Thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::client::{Client, Connection, REQUEST_TIMEOUT, To};
use super::held::{asked, run_held};
use super::recorder::Recorder;
use super::steady::run_steady;
use super::streams::{Shared, run_grpc, run_held_stream, run_streams};
use super::tls::{Trust, run_handshakes};
use crate::target::{ORIGINS, Place};
use crate::vocabulary::{Caller, Generation, Held, Listener, Outcome, Purpose, Request};

/// Past this without an answer, a probe, which is made again, has failed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

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

    /// Starts a load of so many tasks of each kind.
    pub(super) fn load(&self, client: &Client, tasks: &[(LoadKind, u8)], pause: Duration) -> Load {
        let (stop, stopped) = watch::channel(false);
        let task = |kind: LoadKind| {
            self.handle
                .spawn(run_load(client.clone(), kind, pause, stopped.clone()))
        };
        let all = tasks
            .iter()
            .flat_map(|(kind, count)| std::iter::repeat_n(*kind, usize::from(*count)));
        let tasks = all.map(task).collect();
        Load {
            handle: self.handle.clone(),
            stop,
            tasks,
        }
    }

    /// Starts a load at a constant rate.
    pub(super) fn steady(&self, client: &Client, period: Duration) -> Load {
        let (stop, stopped) = watch::channel(false);
        let task = self.handle.spawn(run_steady(client.clone(), period, stopped));
        Load {
            handle: self.handle.clone(),
            stop,
            tasks: vec![task],
        }
    }

    /// Starts a load of so many tasks that shake hands.
    pub(super) fn handshakes(
        &self,
        client: &Client,
        (trust, caller): (&Arc<Trust>, Caller),
        tasks: u8,
        pause: Duration,
    ) -> Load {
        let (stop, stopped) = watch::channel(false);
        let task = |_| {
            self.handle.spawn(run_handshakes(
                client.clone(),
                trust.caller(caller),
                pause,
                stopped.clone(),
            ))
        };
        let tasks = (0..tasks).map(task).collect();
        Load {
            handle: self.handle.clone(),
            stop,
            tasks,
        }
    }

    /// Asks on fresh connections until one gets what is wanted, until the deadline, or until told to give up.
    pub(super) fn probe(&self, client: &Client, wanted: Wanted, deadline: Instant) -> Probe {
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
    pub(super) fn hold(&self, client: &Client, by_http2: Option<&Shared>, what: Held, gate: u64) -> HeldOpen {
        let number = client.recorder.next_number();
        let (release, released) = oneshot::channel();
        let client = client.clone();
        let task = match by_http2 {
            None => self.handle.spawn(run_held(client, what, number, gate, released)),
            Some(shared) => {
                let shared = shared.clone();
                self.handle.spawn(async move {
                    if what == Held::Grpc {
                        run_grpc(client, shared, asked(what, number, gate, None), released).await;
                    } else {
                        run_held_stream(client, shared, asked(what, number, gate, Some(released))).await;
                    }
                })
            }
        };
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

/// What the tasks of a load do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoadKind {
    /// A connection a request.
    Fresh,
    /// Requests on a connection that is kept.
    Kept,
    /// The same, of requests that nobody may simply make again.
    Posts,
    /// A connection a request, for what fails at the origin.
    Failures,
    /// A session: a connection a request, and what names it in each.
    Sessions,
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

impl HeldOpen {
    /// Whether it has ended, released or not.
    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

async fn join(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        // A panic there has been printed by its thread.
        let _ = task.await;
    }
}

async fn run_load(client: Client, kind: LoadKind, pause: Duration, mut stopped: watch::Receiver<bool>) {
    if client.to.listener == Listener::Http2 {
        return run_streams(client, pause, stopped).await;
    }
    let keeps = matches!(kind, LoadKind::Kept | LoadKind::Posts);
    let number = client.recorder.next_number();
    let mut cookie = None;
    if keeps {
        client.recorder.note_kept(number, None);
    }
    let mut connection: Option<Connection> = None;
    while !*stopped.borrow() {
        let ask = match kind {
            LoadKind::Fresh | LoadKind::Kept => client.plain(Purpose::Load, REQUEST_TIMEOUT),
            LoadKind::Posts => client.post(),
            LoadKind::Failures => client.failing(),
            LoadKind::Sessions => client.of_session(number, cookie.clone()),
        };
        let (request, used) = match connection.take() {
            Some(mut kept) => (kept.ask(ask).await, Some(kept)),
            None => client.ask_fresh(ask).await,
        };
        if let Some(given) = used.as_ref().and_then(Connection::cookie) {
            cookie = Some(given.to_owned());
        }
        if keeps {
            client.recorder.note_kept(number, request.generation());
            let lives = matches!(request.outcome, Outcome::Answered { closes: false, .. });
            connection = used.filter(|used| lives && used.is_open());
        }
        // Either the pause is over, or the load; an error means the same as the latter.
        let _ = tokio::time::timeout(pause, stopped.wait_for(|stop| *stop)).await;
    }
    client.recorder.forget_kept(number);
}

/// What a probe is after.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// An answer of at least this generation.
    Answer(Generation),
    /// An answer of this generation.
    This(Generation),
    /// That nobody listens.
    Refusal,
    /// An answer of the origin that is no generation's, or one of another.
    Apart(bool),
}

impl Wanted {
    /// Whether this is it.
    pub(super) fn is_met_by(self, request: &Request) -> bool {
        match self {
            Self::Answer(wanted) => request.generation().is_some_and(|got| got >= wanted),
            Self::This(wanted) => request.generation() == Some(wanted),
            Self::Refusal => request.outcome == Outcome::Refused,
            Self::Apart(wanted) => matches!(
                &request.outcome,
                Outcome::Answered { markers, .. } if markers.is_apart(ORIGINS) == wanted
            ),
        }
    }
}

async fn run_probe(client: Client, wanted: Wanted, deadline: Instant) {
    let begun = Instant::now();
    while Instant::now() < deadline {
        let (request, _) = client
            .ask_fresh(client.plain(Purpose::Probe, PROBE_TIMEOUT))
            .await;
        if wanted.is_met_by(&request) {
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

/// The client of a case, shared by all of its traffic.
pub(super) fn client_of(recorder: &Arc<Recorder>, place: &Place) -> Client {
    client_to(recorder, place, To::default())
}

/// One that asks elsewhere.
pub(super) fn client_to(recorder: &Arc<Recorder>, place: &Place, to: To) -> Client {
    Client {
        recorder: Arc::clone(recorder),
        reach: place.asked(to.listener),
        to,
    }
}
