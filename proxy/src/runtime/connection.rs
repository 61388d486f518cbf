//! One client connection, from its acceptance to its end.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::time::Instant;

use super::counters::Answered;
use super::handle::handle;
use super::pool::Pool;
use super::seats::Arrival;
use super::snapshot::Route;
use super::state::{Census, ConnectionState, Tracked};
use super::stream::Peer;
use super::survey::{Doing, Roster};
use super::wire::Wire;
use super::{Shared, Stream};
use crate::model::{Address, Limits};

/// What the requests of a connection have in common.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: u64,
    roster: Rc<Roster>,
    pub(super) shared: Arc<Shared>,
    pub(super) pool: Rc<Pool>,
    pub(super) peer: Peer,
    pub(super) local: Address,
    /// By which rules the client was let in; 0 is in the clear.
    pub(super) rules: u64,
    pub(super) state: Arc<ConnectionState>,
    pub(super) answered: Arc<Answered>,
    /// By what the request of the moment is answered, until its answer is handed over; of a tunnel, as long as it lives.
    route: RefCell<Option<Arc<Route>>>,
    is_tunnel: Cell<bool>,
    notice: watch::Receiver<Notice>,
}

/// While this lives, a route answers a request of a connection.
#[derive(Debug)]
pub(super) struct Answering(Rc<Connection>);

/// What a worker tells all its connections.
#[derive(Debug, Clone, Copy)]
pub(super) enum Notice {
    /// Serve.
    Serve,
    /// Listeners were removed, or let in other clients than before: those that arrived there end, and by the deadline if there is one.
    ListenersRemoved(Option<Instant>),
    /// The worker retires: every connection ends with its next answer, and none is cut off.
    Retire,
    /// The process stops: every connection ends by the deadline.
    Stop(Instant),
}

/// What a worker gives to each of its connections.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) shared: Arc<Shared>,
    pub(super) pool: Rc<Pool>,
    pub(super) notice: watch::Receiver<Notice>,
    pub(super) census: Arc<Census>,
    pub(super) answered: Arc<Answered>,
    pub(super) roster: Rc<Roster>,
}

/// How long an idle connection that has to end stays open for a request that may be on its way.
const GRACE: Duration = Duration::from_secs(1);
/// The longest time in which nobody asks whether a client has run out of time.
const LOOK: Duration = Duration::from_secs(1);
/// The largest head that hyper reads at all. What is allowed is asked at each request, because it changes live.
const HEAD_BUFFER_BYTES: usize = 512 * 1024;

/// Serves a connection until it ends, in a task of its own. It counts from now on.
pub(super) fn admit(surroundings: &Surroundings, arrival: Arrival<Stream>) {
    let Arrival { stream, peer, bound } = arrival;
    let Ok(local) = stream.local(&bound) else { return };
    stream.hurry();
    let Surroundings {
        shared,
        pool,
        notice,
        census,
        answered,
        roster,
    } = surroundings.clone();
    let state = ConnectionState::new(&shared.connections, &census);
    let handshake = shared.current.load().handshake(&local).cloned();
    let connection = Rc::new(Connection {
        number: roster.number(),
        roster,
        shared,
        pool,
        peer,
        local,
        rules: handshake.as_ref().map_or(0, |handshake| handshake.rules),
        state,
        answered,
        route: RefCell::default(),
        is_tunnel: Cell::default(),
        notice,
    });
    connection.roster.enter(&connection);
    tokio::task::spawn_local(async move {
        let stream = Tracked::new(stream, Arc::clone(&connection.state));
        let wire = match handshake {
            None => Some(Wire::Clear(stream)),
            Some(handshake) => connection.shake_hands(stream, handshake.config).await,
        };
        if let Some(wire) = wire {
            run(&connection, TokioIo::new(wire)).await;
        }
    });
}

async fn run(connection: &Rc<Connection>, io: TokioIo<Wire>) {
    let answers = Rc::clone(connection);
    let service = service_fn(move |request| handle(Rc::clone(&answers), request));
    let serving = http1::Builder::new()
        .max_buf_size(HEAD_BUFFER_BYTES)
        .serve_connection(io, service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let mut end = pin!(connection.end());
    let mut ending = false;
    loop {
        tokio::select! {
            result = serving.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(client = %connection.peer, %error, "connection ended");
                }
                return;
            }
            step = &mut end, if !ending => {
                ending = true;
                match step {
                    End::Silent => return,
                    End::Polite => serving.as_mut().graceful_shutdown(),
                }
            }
            () = connection.cut(), if ending => return,
            () = connection.stalled(), if ending => return,
        }
    }
}

/// When to ask the limits again: when they run out, and often enough to notice that they changed or that a head has begun.
fn next_look(left: Option<Duration>, limits: &Limits) -> Duration {
    let shortest = limits.header_read_timeout.min(limits.send_timeout);
    // A pause of nothing would never let anybody else run.
    left.unwrap_or(LOOK)
        .min(LOOK)
        .min(shortest / 4)
        .max(Duration::from_millis(1))
}

/// How a connection is ended from this side.
enum End {
    /// The client was silent for too long; nothing is owed to it.
    Silent,
    /// What is in flight is finished, then the connection is closed.
    Polite,
}

// === impl Connection ===

impl Connection {
    /// Speaks TLS from now on; nothing if that comes to nothing. A client may take as long for it as for a head.
    async fn shake_hands(&self, stream: Tracked, config: Arc<ServerConfig>) -> Option<Wire> {
        let patience = self.shared.current.load().limits.header_read_timeout;
        tokio::select! {
            shaken = tokio::time::timeout(patience, Wire::shake_hands(stream, config)) => match shaken {
                Ok(Ok((wire, has_more))) => {
                    // What was read until now was no request, but for what came along with the last of it.
                    if !has_more {
                        self.state.rest();
                    }
                    Some(wire)
                }
                Ok(Err(error)) => {
                    tracing::debug!(client = %self.peer, %error, "no TLS with a client");
                    None
                }
                Err(_) => {
                    tracing::debug!(client = %self.peer, "a client was too slow for TLS");
                    None
                }
            },
            () = self.cut() => None,
        }
    }

    /// Waits until the connection has to end.
    async fn end(&self) -> End {
        let mut notice = self.notice.clone();
        loop {
            // Copied first: a look at a notice that lasts over an await holds up whoever gives the next one, for ever on the same thread.
            let told = *notice.borrow_and_update();
            match self.verdict(told) {
                Verdict::Stay => {}
                Verdict::AnnounceOnly => self.state.announce_close(),
                Verdict::Leave(grace) => {
                    self.state.announce_close();
                    tokio::time::sleep(grace).await;
                    return End::Polite;
                }
            }
            let limits = self.shared.current.load().limits;
            let left = self.state.patience_left(&limits);
            if left == Some(Duration::ZERO) {
                let stalled = self.state.sending_left(&limits) == Some(Duration::ZERO);
                let polite = self.state.is_idle() && !stalled;
                return if polite { End::Polite } else { End::Silent };
            }
            let cut = self.outlived();
            if cut.is_some_and(|cut| cut <= Instant::now()) {
                tracing::debug!(client = %self.peer, "cut off: its route was removed");
                return End::Silent;
            }
            let next = Instant::now() + next_look(left, &limits);
            tokio::select! {
                changed = notice.changed() => if changed.is_err() { return End::Polite },
                () = tokio::time::sleep_until(cut.into_iter().fold(next, Instant::min)) => {}
            }
        }
    }

    /// Waits until the client has taken nothing of an answer for too long.
    async fn stalled(&self) {
        loop {
            let limits = self.shared.current.load().limits;
            let left = self.state.sending_left(&limits);
            if left == Some(Duration::ZERO) {
                return;
            }
            tokio::time::sleep(next_look(left, &limits)).await;
        }
    }

    /// Waits until the connection has to be cut off, whatever it is doing. For most connections that is never.
    pub(super) async fn cut(&self) {
        let mut notice = self.notice.clone();
        let mut earliest: Option<Instant> = None;
        loop {
            let deadline = match *notice.borrow_and_update() {
                Notice::Stop(deadline) => Some(deadline),
                Notice::ListenersRemoved(deadline) if self.is_orphan() => deadline,
                _ => None,
            };
            // A later notice never grants more time.
            earliest = earliest.into_iter().chain(deadline).min();
            let deadline = earliest.into_iter().chain(self.outlived()).min();
            let passed = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = passed => {
                    // A request whose route went may have been answered meanwhile.
                    let deadline = earliest.into_iter().chain(self.outlived()).min();
                    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        return;
                    }
                }
                changed = notice.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Whether the answer that is about to go is the last. Asks what the worker told too: the task that waits for it may not have had
    /// its turn yet.
    pub(super) fn is_closing(&self) -> bool {
        let told = *self.notice.borrow();
        if !matches!(self.verdict(told), Verdict::Stay) {
            self.state.announce_close();
        }
        self.state.is_closing()
    }

    /// Takes note of what answers a request, as long as what is returned lives.
    pub(super) fn answer_by(self: &Rc<Self>, route: &Arc<Route>) -> Answering {
        self.route.replace(Some(Arc::clone(route)));
        Answering(Rc::clone(self))
    }

    /// What it is answered by stays until it ends.
    pub(super) fn become_tunnel(&self) {
        self.is_tunnel.set(true);
    }

    /// What it does at this moment.
    pub(super) fn doing(&self) -> Doing {
        let route = self.route.borrow();
        Doing {
            local: self.local.clone(),
            route: route.as_ref().map(|route| route.definition.key.clone()),
            is_draining: self.state.is_closing(),
        }
    }

    /// When what it is doing is cut off because its route is gone.
    fn outlived(&self) -> Option<Instant> {
        let route = self.route.borrow();
        self.shared.removals.deadline(route.as_ref()?)
    }

    /// Whether nobody listens any more where it arrived, or not for those who came by its rules.
    fn is_orphan(&self) -> bool {
        let snapshot = self.shared.current.load();
        snapshot
            .open(&self.local)
            .is_none_or(|open| open.rules() != self.rules)
    }

    fn verdict(&self, notice: Notice) -> Verdict {
        match notice {
            Notice::ListenersRemoved(deadline) if self.is_orphan() => Verdict::leave_by(deadline),
            Notice::Stop(deadline) => Verdict::leave_by(Some(deadline)),
            Notice::Serve | Notice::ListenersRemoved(_) => Verdict::Stay,
            Notice::Retire => Verdict::AnnounceOnly,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.roster.leave(self.number);
    }
}

/// What a notice means for one connection.
enum Verdict {
    Stay,
    AnnounceOnly,
    Leave(Duration),
}

// === impl Verdict ===

impl Verdict {
    fn leave_by(deadline: Option<Instant>) -> Self {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        Self::Leave(left.unwrap_or(GRACE).min(GRACE))
    }
}

// === impl Answering ===

impl Drop for Answering {
    fn drop(&mut self) {
        let Self(connection) = self;
        if !connection.is_tunnel.get() {
            connection.route.replace(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_asked_when_they_run_out_and_every_second() {
        let limits = Limits::default();
        let left = Duration::from_millis(70);
        assert_eq!(next_look(Some(left), &limits), left);
        assert_eq!(next_look(Some(limits.idle_timeout), &limits), LOOK);
        assert_eq!(next_look(None, &limits), LOOK);
        let short = Limits {
            header_read_timeout: Duration::from_millis(100),
            ..limits
        };
        assert_eq!(next_look(None, &short), Duration::from_millis(25));
    }
}
