//! One client connection, from its acceptance to its end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;
use tokio::time::Instant;

use super::alarm::Alarm;
use super::answers::Answers;
use super::counters::Answered;
use super::pool::Pool;
use super::seats::Arrival;
use super::serve::serve;
use super::state::{Census, ConnectionState, Tracked};
use super::stream::Peer;
use super::survey::{Doing, Roster};
use super::tunnel::Tunnel;
use super::{Shared, Stream};
use crate::model::{Address, Limits, Protocol};

/// What the requests of a connection have in common.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: u64,
    roster: Rc<Roster>,
    pub(super) shared: Arc<Shared>,
    pub(super) pool: Rc<Pool>,
    pub(super) peer: Peer,
    /// The client's address as upstreams are told of it.
    pub(super) client: Option<HeaderValue>,
    pub(super) local: Address,
    /// By which rules the client was let in; 0 is in the clear.
    pub(super) rules: u64,
    pub(super) state: Arc<ConnectionState>,
    pub(super) answered: Arc<Answered>,
    /// Which version of HTTP it speaks, as soon as that is known.
    pub(super) protocol: Cell<Option<Protocol>>,
    pub(super) answers: Answers,
    /// Of HTTP/1.1, whether there may be more of a request than was read.
    pub(super) is_reading: Cell<bool>,
    /// What it becomes after the answer that is about to go.
    pub(super) tunnel: RefCell<Option<Tunnel>>,
    /// The last one that guarded an answer of an upstream, for the next.
    pub(super) alarm: RefCell<Option<Alarm>>,
    notice: watch::Receiver<Notice>,
}

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
/// A stream that is told to end has its turn before anybody asks again.
const PAUSE: Duration = Duration::from_millis(1);
/// The longest time in which nobody asks whether a client has run out of time.
const LOOK: Duration = Duration::from_secs(1);

/// Serves a connection until it ends, in a task of its own. It counts from now on.
pub(super) fn admit(surroundings: &Surroundings, arrival: Arrival<Stream>) {
    let Arrival { stream, peer, bound } = arrival;
    let Ok(local) = stream.local(&bound) else { return };
    let Surroundings {
        shared,
        pool,
        notice,
        census,
        answered,
        roster,
    } = surroundings.clone();
    let state = ConnectionState::new(&shared.connections, &census);
    let snapshot = shared.current.load();
    let (handshake, protocols) = (snapshot.handshake(&local).cloned(), snapshot.protocols(&local));
    drop(snapshot);
    let connection = Rc::new(Connection {
        number: roster.number(),
        roster,
        shared,
        pool,
        client: peer
            .ip()
            .and_then(|ip| HeaderValue::try_from(ip.to_string()).ok()),
        peer,
        local,
        rules: handshake.as_ref().map_or(0, |handshake| handshake.rules),
        state,
        answered,
        protocol: Cell::default(),
        answers: Answers::default(),
        is_reading: Cell::default(),
        tunnel: RefCell::default(),
        alarm: RefCell::default(),
        notice,
    });
    connection.roster.enter(&connection);
    let stream = Tracked::new(stream, Arc::clone(&connection.state));
    tokio::task::spawn_local(async move {
        serve(
            &connection,
            stream,
            handshake.map(|handshake| handshake.config),
            protocols,
        )
        .await;
    });
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
pub(super) enum End {
    /// The client was silent for too long; nothing is owed to it.
    Silent,
    /// What is in flight is finished, then the connection is closed.
    Polite,
}

// === impl Connection ===

impl Connection {
    /// Waits until the connection has to end.
    pub(super) async fn end(&self) -> End {
        let mut notice = self.notice.clone();
        loop {
            // Copied first: a look at a notice that lasts over an await holds up whoever gives the next one, for ever on the same thread.
            let told = *notice.borrow_and_update();
            match self.verdict(told) {
                Verdict::Stay => {}
                Verdict::AnnounceOnly | Verdict::Leave(_) if self.is_http2() => {
                    // It can say so at once, and lose nothing that is on its way (RFC 9113 §6.8).
                    self.state.announce_close();
                    return End::Polite;
                }
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

    /// Of a connection that ends: waits until the client has taken nothing of an answer for too long.
    pub(super) async fn stalled(&self) {
        loop {
            let limits = self.shared.current.load().limits;
            let left = self.state.sending_left(&limits);
            if left == Some(Duration::ZERO) {
                return;
            }
            tokio::time::sleep(next_look(left, &limits)).await;
        }
    }

    /// Of a connection that ends: waits until the client has been silent or slow for too long with what is under way.
    pub(super) async fn run_out(&self) {
        loop {
            let limits = self.shared.current.load().limits;
            let left = self.state.patience_left(&limits);
            if left == Some(Duration::ZERO) {
                return;
            }
            tokio::time::sleep(next_look(left, &limits)).await;
        }
    }

    /// Whether nothing is under way, of HTTP/1.1: what was asked is read and answered, and the client's socket took all of the answer.
    pub(super) fn is_settled(&self) -> bool {
        !self.is_reading.get() && self.state.is_settled()
    }

    /// Lets go of what is kept for the next request.
    pub(super) fn forget(&self) {
        self.alarm.take();
        self.answers.forget();
    }

    /// Waits until nothing has been under way for a time.
    pub(super) async fn rested(&self, time: Duration) {
        while !self.is_settled() || !self.state.has_rested(time) {
            let left = self.state.rest_left(time);
            tokio::time::sleep(if left.is_zero() { time } else { left }).await;
        }
    }

    /// Of a connection of HTTP/2 that ends, and has nothing to do here any more: waits until the client has had its time to take what is left, and to hear that it is
    /// the end.
    pub(super) async fn left_over(&self) {
        let began = Instant::now();
        loop {
            let limits = self.shared.current.load().limits;
            if began.elapsed() >= limits.send_timeout && self.state.has_rested(limits.send_timeout) {
                return;
            }
            tokio::time::sleep(next_look(None, &limits)).await;
        }
    }

    /// Ends streams that have to be cut off, and leaves the others alone. Of HTTP/2; it never returns.
    pub(super) async fn tend(&self) {
        let mut notice = self.notice.clone();
        loop {
            notice.mark_unchanged();
            let limits = self.shared.current.load().limits;
            self.answers
                .end_overdue(&self.shared.removals, limits.send_timeout);
            let next = Instant::now() + next_look(None, &limits);
            let outlived = self.answers.outlived(&self.shared.removals);
            let next = outlived.into_iter().fold(next, Instant::min);
            tokio::select! {
                changed = notice.changed() => if changed.is_err() { std::future::pending().await },
                () = tokio::time::sleep_until(next.max(Instant::now() + PAUSE)) => {}
            }
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

    /// What it does at this moment.
    pub(super) fn doing(&self) -> Doing {
        Doing {
            local: self.local.clone(),
            protocol: self.protocol.get(),
            routes: self.answers.routes(),
            is_draining: self.state.is_closing(),
        }
    }

    /// When all of it is cut off because the route of what it does is gone.
    fn outlived(&self) -> Option<Instant> {
        if self.is_http2() {
            return None;
        }
        self.answers.outlived(&self.shared.removals)
    }

    pub(super) fn is_http2(&self) -> bool {
        self.protocol.get() == Some(Protocol::Http2)
    }

    /// Whether nobody listens any more where it arrived, or not for those who came by its rules or speak as it does.
    fn is_orphan(&self) -> bool {
        let snapshot = self.shared.current.load();
        snapshot
            .open(&self.local)
            .is_none_or(|open| !open.admits(self.rules, self.protocol.get()))
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
