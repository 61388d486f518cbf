//! What a connection is doing, kept for its time-outs and for its polite end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::Stream;
use crate::model::Limits;

/// Counts something that lives, and tells when the last is gone.
#[derive(Debug, Default)]
pub(super) struct Census {
    count: AtomicUsize,
    /// Those of them that end with their next answer.
    draining: AtomicUsize,
    /// On their way here.
    expected: AtomicUsize,
    empty: Notify,
}

/// The state of one client connection; it lives as long as the socket does, through an upgrade too.
#[derive(Debug)]
pub(super) struct ConnectionState {
    doing: AtomicU8,
    /// Requests that are being answered: of HTTP/2 there may be many.
    requests: AtomicUsize,
    /// It speaks HTTP/2: what comes in while it is idle is not the beginning of a request by itself.
    is_multiplexed: AtomicBool,
    /// Milliseconds from `start`.
    since: AtomicU64,
    /// Milliseconds from `start` since which the socket takes nothing of what is sent; `FLOWING` while it does.
    blocked: AtomicU64,
    start: Instant,
    /// The next answer says `Connection: close`.
    closing: AtomicBool,
    process: Arc<Census>,
    worker: Arc<Census>,
}

/// The client's socket, which takes note when a request begins.
#[derive(Debug)]
pub(super) struct Tracked {
    stream: Stream,
    state: Arc<ConnectionState>,
}

/// While this lives, a request is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<ConnectionState>);

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;
const FLOWING: u64 = u64::MAX;

// === impl Census ===

impl Census {
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Those that are about to end.
    pub(super) fn draining(&self) -> usize {
        self.draining.load(Ordering::Acquire)
    }

    /// What lives and what is on its way.
    pub(super) fn load(&self) -> usize {
        self.count() + self.expected.load(Ordering::Acquire)
    }

    pub(super) fn expect_one(&self) {
        self.expected.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn expected_one_came(&self) {
        self.expected.fetch_sub(1, Ordering::AcqRel);
    }

    fn enter(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    fn leave(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_one();
        }
    }

    /// Waits until nothing lives.
    pub(super) async fn emptied(&self) {
        while self.count() > 0 {
            self.empty.notified().await;
        }
    }
}

// === impl ConnectionState ===

impl ConnectionState {
    pub(super) fn new(process: &Arc<Census>, worker: &Arc<Census>) -> Arc<Self> {
        process.enter();
        worker.enter();
        Arc::new(Self {
            doing: AtomicU8::new(IDLE),
            requests: AtomicUsize::new(0),
            is_multiplexed: AtomicBool::new(false),
            since: AtomicU64::new(0),
            blocked: AtomicU64::new(FLOWING),
            start: Instant::now(),
            closing: AtomicBool::new(false),
            process: Arc::clone(process),
            worker: Arc::clone(worker),
        })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn turn_to(&self, doing: u8) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.doing.store(doing, Ordering::Relaxed);
    }

    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        // Since when is nobody's business: what is busy may take its time.
        self.doing.store(BUSY, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// It speaks HTTP/2 from now on.
    pub(super) fn multiplex(&self) {
        self.is_multiplexed.store(true, Ordering::Relaxed);
        self.turn_to(IDLE);
    }

    /// Nothing of a request has come.
    pub(super) fn rest(&self) {
        self.turn_to(IDLE);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.doing.load(Ordering::Relaxed) == IDLE
    }

    /// Whether nothing has been asked for a time.
    pub(super) fn has_rested(&self, time: Duration) -> bool {
        self.is_idle() && self.rest_left(time).is_zero()
    }

    /// How long until nothing will have been asked for a time, if nothing is asked meanwhile.
    pub(super) fn rest_left(&self, time: Duration) -> Duration {
        if self.is_idle() {
            left(time, self.since.load(Ordering::Relaxed), self.now())
        } else {
            time
        }
    }

    /// Whether the last request was answered, and the socket took all of the answer.
    pub(super) fn is_settled(&self) -> bool {
        self.is_idle() && self.blocked.load(Ordering::Relaxed) == FLOWING
    }

    /// How long until the client will have been silent, or slow with a head or with an answer, for as long as it may.
    pub(super) fn patience_left(&self, limits: &Limits) -> Option<Duration> {
        let now = self.now();
        let own = match self.doing.load(Ordering::Relaxed) {
            IDLE => Some(limits.idle_timeout),
            HEAD => Some(limits.header_read_timeout),
            _ => None,
        };
        let own = own.map(|limit| left(limit, self.since.load(Ordering::Relaxed), now));
        own.into_iter().chain(self.sending_left(limits)).min()
    }

    /// The same for an answer alone; none while it flows.
    pub(super) fn sending_left(&self, limits: &Limits) -> Option<Duration> {
        let blocked = self.blocked.load(Ordering::Relaxed);
        (blocked != FLOWING).then(|| left(limits.send_timeout, blocked, self.now()))
    }

    fn wrote(&self, result: &Poll<io::Result<usize>>) {
        let blocked = self.blocked.load(Ordering::Relaxed);
        match result {
            Poll::Pending if blocked == FLOWING => self.blocked.store(self.now(), Ordering::Relaxed),
            Poll::Ready(_) if blocked != FLOWING => self.blocked.store(FLOWING, Ordering::Relaxed),
            _ => {}
        }
    }

    pub(super) fn announce_close(&self) {
        if !self.closing.swap(true, Ordering::Relaxed) {
            self.process.draining.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// What is left of a limit that began to run out at `since`, both moments in milliseconds.
fn left(limit: Duration, since: u64, now: u64) -> Duration {
    limit.saturating_sub(Duration::from_millis(now.saturating_sub(since)))
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        if self.is_closing() {
            self.process.draining.fetch_sub(1, Ordering::AcqRel);
        }
        self.process.leave();
        self.worker.leave();
    }
}

// === impl Busy ===

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.turn_to(IDLE);
        }
    }
}

// === impl Tracked ===

impl Tracked {
    pub(super) fn new(stream: Stream, state: Arc<ConnectionState>) -> Self {
        Self { stream, state }
    }
}

impl AsyncRead for Tracked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let more = buffer.filled().len() > before;
        if more && self.state.is_idle() && !self.state.is_multiplexed.load(Ordering::Relaxed) {
            self.state.turn_to(HEAD);
        }
        result
    }
}

impl AsyncWrite for Tracked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.state.wrote(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.state.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let hour = Duration::from_secs(3600);
        Limits {
            idle_timeout: hour * 3,
            header_read_timeout: hour * 2,
            send_timeout: hour,
            ..Limits::default()
        }
    }

    /// Whole hours, rounded up: no test takes that long.
    fn hours(left: Option<Duration>) -> Option<u64> {
        left.map(|left| left.as_secs().div_ceil(3600))
    }

    #[test]
    fn each_state_has_a_limit_of_its_own_and_a_change_of_it_counts_at_once() {
        let state = ConnectionState::new(&Arc::default(), &Arc::default());
        assert_eq!(hours(state.patience_left(&limits())), Some(3));
        let busy = state.busy();
        assert_eq!(state.patience_left(&limits()), None);
        drop(busy);
        state.turn_to(HEAD);
        assert_eq!(hours(state.patience_left(&limits())), Some(2));
        let lowered = Limits {
            header_read_timeout: Duration::ZERO,
            ..limits()
        };
        assert_eq!(state.patience_left(&lowered), Some(Duration::ZERO));
    }

    #[test]
    fn a_connection_drains_from_its_announced_end_until_it_is_gone() {
        let census = Arc::new(Census::default());
        let state = ConnectionState::new(&census, &Arc::default());
        assert_eq!((census.count(), census.draining()), (1, 0));
        state.announce_close();
        state.announce_close();
        assert_eq!((census.count(), census.draining()), (1, 1));
        drop(state);
        assert_eq!((census.count(), census.draining()), (0, 0));
    }

    #[test]
    fn an_answer_that_does_not_flow_has_a_limit_whatever_else_goes_on() {
        let state = ConnectionState::new(&Arc::default(), &Arc::default());
        let _busy = state.busy();
        state.wrote(&Poll::Pending);
        assert_eq!(hours(state.patience_left(&limits())), Some(1));
        assert_eq!(hours(state.sending_left(&limits())), Some(1));
        state.wrote(&Poll::Ready(Ok(1)));
        assert_eq!(state.sending_left(&limits()), None);
    }

    #[test]
    fn what_is_settled_is_answered_and_taken_and_rests_from_then_on() {
        let state = ConnectionState::new(&Arc::default(), &Arc::default());
        let hour = Duration::from_secs(3600);
        state.turn_to(HEAD);
        assert!(!state.is_settled());
        assert_eq!(state.rest_left(hour), hour);
        let busy = state.busy();
        assert!(!state.is_settled());
        state.wrote(&Poll::Pending);
        drop(busy);
        assert!(state.is_idle() && !state.is_settled());
        state.wrote(&Poll::Ready(Ok(1)));
        assert!(state.is_settled() && state.has_rested(Duration::ZERO) && !state.has_rested(hour));
        assert_eq!(hours(Some(state.rest_left(hour))), Some(1));
    }

    #[test]
    fn a_limit_runs_out_from_when_its_state_began() {
        let limit = Duration::from_secs(10);
        assert_eq!(left(limit, 5_000, 8_000), Duration::from_secs(7));
        assert_eq!(left(limit, 5_000, 15_000), Duration::ZERO);
        assert_eq!(left(limit, 5_000, 4_000), limit);
    }
}
