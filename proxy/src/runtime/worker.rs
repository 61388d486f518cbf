//! One thread that serves traffic.
//!
//! In: commands from the reload. Out: acknowledgements. What can fail is done when sockets are staged; after that nothing can.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;

use tokio::runtime::{self, LocalRuntime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::accept::{Entrance, accept, close};
use super::connection::{Notice, Surroundings, admit};
use super::pool::Pool;
use super::seats::{Arrival, Passed};
use super::survey::{Roll, Roster};
use super::{Handle, Listener, Shared, Stream};
use crate::model::Cut;

/// A worker and the way to command it. The thread ends after [`retire`](Self::retire) or [`stop`](Self::stop), once its connections ended.
#[derive(Debug)]
pub struct Worker {
    commands: mpsc::UnboundedSender<Command>,
    thread: thread::JoinHandle<()>,
}

/// A worker's thread has ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error("a worker is gone")]
pub struct WorkerGone;

/// What a worker is told.
pub(super) enum Command {
    Stage {
        sockets: Vec<Handle>,
        done: std_mpsc::SyncSender<io::Result<()>>,
    },
    Abandon,
    Commit {
        close: Vec<u64>,
        drain: Cut,
        done: std_mpsc::SyncSender<()>,
    },
    Look,
    /// Connections to upstreams are kept by what serves now.
    Sweep,
    /// Connections end that came by other rules than those of their listener.
    RetireStrangers(Cut),
    /// Say what each connection does.
    Report(oneshot::Sender<Roll>),
    Retire,
    Stop {
        drain: Duration,
    },
}

/// What a worker has.
struct Inside {
    number: usize,
    surroundings: Surroundings,
    notices: watch::Sender<Notice>,
    /// Sockets that accept nothing yet.
    staged: Vec<(u64, Entrance)>,
    accepting: HashMap<u64, Accepting>,
    /// Connections that other workers accepted; none before this one serves.
    inbox: Option<mpsc::UnboundedReceiver<Passed>>,
}

/// A running accept loop and the way to end it.
struct Accepting {
    stop: watch::Sender<bool>,
    task: JoinHandle<Entrance>,
}

/// So many steps are taken before the kernel is asked again for what has happened: asking costs more than a step.
const EVENT_INTERVAL: u32 = 256;
/// How often connections to upstreams are looked through, besides after each change.
const SWEEP: Duration = Duration::from_secs(1);

// === impl Worker ===

impl Worker {
    /// Starts a worker that listens nowhere yet.
    pub fn start(number: usize, shared: Arc<Shared>) -> io::Result<Self> {
        let (commands, receiver) = mpsc::unbounded_channel();
        shared.surveyed.add(&commands);
        // A runtime of tasks that stay on one thread is made there.
        let (made, is_made) = std_mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || {
                if let Some(runtime) = tell(runtime(), &made) {
                    runtime.block_on(work(number, shared, receiver));
                }
            })?;
        is_made
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the thread of a worker ended")))?;
        Ok(Self { commands, thread })
    }

    /// Hands over sockets. They accept nothing before [`commit`](Self::commit). The answer comes by the receiver.
    pub fn stage(&self, sockets: Vec<Handle>) -> Result<std_mpsc::Receiver<io::Result<()>>, WorkerGone> {
        let (done, answer) = std_mpsc::sync_channel(1);
        self.commands
            .send(Command::Stage { sockets, done })
            .map_err(|_| WorkerGone)?;
        Ok(answer)
    }

    /// Forgets what is staged.
    pub fn abandon(&self) {
        // A worker that is gone has forgotten already.
        let _ = self.commands.send(Command::Abandon);
    }

    /// Begins to accept on what is staged, and stops on the sockets of these numbers. The answer comes when both are done.
    pub fn commit(&self, close: Vec<u64>, drain: Cut) -> std_mpsc::Receiver<()> {
        let (done, answer) = std_mpsc::sync_channel(1);
        let _ = self.commands.send(Command::Commit { close, drain, done });
        answer
    }

    /// Has every connection ask whether the route that it is answered by is gone.
    pub fn look(&self) {
        let _ = self.commands.send(Command::Look);
    }

    /// Has connections to upstreams be kept as the configuration says that serves.
    pub fn sweep(&self) {
        let _ = self.commands.send(Command::Sweep);
    }

    /// Has those end that came by other rules than those of their listener, and cut off after `drain`.
    pub fn retire_strangers(&self, drain: Cut) {
        let _ = self.commands.send(Command::RetireStrangers(drain));
    }

    /// Stops accepting; every connection ends with its next answer, and none is cut off for that.
    pub fn retire(&self) {
        let _ = self.commands.send(Command::Retire);
    }

    /// Stops accepting; every connection ends, at the latest after `drain`.
    pub fn stop(&self, drain: Duration) {
        let _ = self.commands.send(Command::Stop { drain });
    }

    /// Whether the thread has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the thread to end.
    pub fn join(self) {
        drop(self.commands);
        if self.thread.join().is_err() {
            tracing::error!("a worker panicked");
        }
    }
}

fn runtime() -> io::Result<LocalRuntime> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .build_local(runtime::LocalOptions::default())
}

/// Tells whoever waits for it whether something could be made.
fn tell<T>(made: io::Result<T>, waiting: &std_mpsc::SyncSender<io::Result<()>>) -> Option<T> {
    let (made, told) = match made {
        Ok(made) => (Some(made), Ok(())),
        Err(error) => (None, Err(error)),
    };
    // Whoever started it waits.
    let _ = waiting.send(told);
    made
}

async fn work(number: usize, shared: Arc<Shared>, mut commands: mpsc::UnboundedReceiver<Command>) {
    let (notices, notice) = watch::channel(Notice::Serve);
    let surroundings = Surroundings {
        answered: shared.counters.open(),
        shared,
        pool: Rc::new(Pool::default()),
        notice,
        census: Arc::default(),
        roster: Rc::new(Roster::default()),
    };
    let mut inside = Inside {
        number,
        surroundings,
        notices,
        staged: Vec::new(),
        accepting: HashMap::new(),
        inbox: None,
    };
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        let command = tokio::select! {
            command = commands.recv() => command,
            passed = next_passed(&mut inside.inbox) => {
                inside.receive(passed);
                continue;
            }
            _ = sweep.tick() => {
                inside.sweep();
                continue;
            }
        };
        match command {
            Some(Command::Stage { sockets, done }) => {
                let _ = done.send(inside.stage(sockets));
            }
            Some(Command::Abandon) => inside.staged.clear(),
            Some(Command::Commit { close, drain, done }) => {
                inside.commit(&close, drain).await;
                let _ = done.send(());
            }
            Some(Command::Look) => inside.look(),
            Some(Command::Sweep) => inside.sweep(),
            Some(Command::RetireStrangers(drain)) => inside.retire_strangers(drain),
            Some(Command::Report(reply)) => inside.report(reply, false),
            Some(Command::Retire) => return inside.finish(Notice::Retire, commands).await,
            Some(Command::Stop { drain }) => {
                return inside
                    .finish(Notice::Stop(Instant::now() + drain), commands)
                    .await;
            }
            None => return inside.finish(Notice::Stop(Instant::now()), commands).await,
        }
    }
}

async fn next_passed(inbox: &mut Option<mpsc::UnboundedReceiver<Passed>>) -> Passed {
    match inbox {
        // The seats keep the other end as long as this worker has one.
        Some(inbox) => match inbox.recv().await {
            Some(passed) => passed,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

fn removal(drain: Cut) -> Notice {
    Notice::ListenersRemoved(drain.after().map(|time| Instant::now() + time))
}

/// Ends the accept loops. The sockets still listen.
async fn stop_accepting(all: Vec<Accepting>) -> Vec<Entrance> {
    for accepting in &all {
        accepting.stop.send_replace(true);
    }
    let mut listeners = Vec::new();
    for accepting in all {
        match accepting.task.await {
            Ok(listener) => listeners.push(listener),
            Err(error) => tracing::error!(%error, "an accept loop panicked"),
        }
    }
    listeners
}

// === impl Inside ===

impl Inside {
    fn stage(&mut self, sockets: Vec<Handle>) -> io::Result<()> {
        for Handle {
            number,
            bound,
            socket,
        } in sockets
        {
            let entrance = Entrance {
                listener: Listener::from_std(socket)?,
                bound: Arc::new(bound),
            };
            self.staged.push((number, entrance));
        }
        Ok(())
    }

    fn receive(&self, passed: Passed) {
        let Arrival { stream, peer, bound } = passed;
        match Stream::from_passing(stream) {
            Ok(stream) => admit(&self.surroundings, Arrival { stream, peer, bound }),
            Err(error) => {
                tracing::debug!(%error, client = %peer, "connection lost on its way from another worker");
            }
        }
        self.surroundings.census.expected_one_came();
    }

    async fn commit(&mut self, removed: &[u64], drain: Cut) {
        let Surroundings { shared, census, .. } = &self.surroundings;
        self.inbox.get_or_insert_with(|| shared.seats.take(census));
        for (number, entrance) in self.staged.drain(..) {
            let (stop, stopped) = watch::channel(false);
            let task = tokio::task::spawn_local(accept(entrance, self.surroundings.clone(), stopped));
            self.accepting.insert(number, Accepting { stop, task });
        }
        let removed: Vec<_> = removed
            .iter()
            .filter_map(|number| self.accepting.remove(number))
            .collect();
        if !removed.is_empty() {
            self.close(removed, removal(drain)).await;
        }
    }

    /// Goes by what serves now.
    fn sweep(&self) {
        let Surroundings { shared, pool, .. } = &self.surroundings;
        pool.sweep(&shared.current.load());
    }

    /// Wakes every connection up without telling it anything else.
    fn look(&self) {
        self.notices.send_modify(|_| {});
    }

    fn retire_strangers(&self, drain: Cut) {
        self.notices.send_replace(removal(drain));
    }

    fn report(&self, reply: oneshot::Sender<Roll>, is_leaving: bool) {
        let connections = self.surroundings.roster.all();
        // Whoever asked may have gone.
        let _ = reply.send(Roll {
            worker: self.number,
            is_leaving,
            connections,
        });
    }

    /// Invariant: connections are told before the sockets close. Whoever has seen that nobody listens any more gets no answer that
    /// does not announce the end. Those still queued are told as they are accepted.
    async fn close(&self, accepting: Vec<Accepting>, notice: Notice) {
        let listeners = stop_accepting(accepting).await;
        self.notices.send_replace(notice);
        for listener in listeners {
            close(listener, &self.surroundings).await;
        }
    }

    /// Ends with the last connection. A worker that retires can still be told to stop.
    async fn finish(mut self, notice: Notice, mut commands: mpsc::UnboundedReceiver<Command>) {
        let accepting = std::mem::take(&mut self.accepting);
        self.close(accepting.into_values().collect(), notice).await;
        self.leave_seat();
        let listen = async {
            while let Some(command) = commands.recv().await {
                match command {
                    Command::Look => self.look(),
                    Command::Report(reply) => self.report(reply, true),
                    Command::Stop { drain } => {
                        self.notices.send_replace(Notice::Stop(Instant::now() + drain));
                    }
                    _ => {}
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.surroundings.census.emptied() => {}
            () = listen => {}
        }
    }

    fn leave_seat(&mut self) {
        self.surroundings.shared.seats.leave(&self.surroundings.census);
        if let Some(mut inbox) = self.inbox.take() {
            while let Ok(passed) = inbox.try_recv() {
                self.receive(passed);
            }
        }
    }
}
