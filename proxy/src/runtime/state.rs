//! What a connection is doing, kept for its time-outs and for its polite end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::model::Limits;

/// Counts something that lives, and tells when the last is gone.
#[derive(Debug, Default)]
pub(super) struct Census {
    count: AtomicUsize,
    /// On their way here.
    expected: AtomicUsize,
    empty: Notify,
}

/// The state of one client connection; it lives as long as the socket does, through an upgrade too.
#[derive(Debug)]
pub(super) struct ConnectionState {
    doing: AtomicU8,
    /// Milliseconds from `start`.
    since: AtomicU64,
    start: Instant,
    /// The next answer says `Connection: close`.
    closing: AtomicBool,
    process: Arc<Census>,
    worker: Arc<Census>,
}

/// The client's socket, which takes note when a request begins.
#[derive(Debug)]
pub(super) struct Tracked {
    stream: TcpStream,
    state: Arc<ConnectionState>,
}

/// While this lives, a request is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<ConnectionState>);

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;

// === impl Census ===

impl Census {
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
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
            since: AtomicU64::new(0),
            start: Instant::now(),
            closing: AtomicBool::new(false),
            process: Arc::clone(process),
            worker: Arc::clone(worker),
        })
    }

    fn turn_to(&self, doing: u8) {
        self.since
            .store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
        self.doing.store(doing, Ordering::Relaxed);
    }

    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.turn_to(BUSY);
        Busy(Arc::clone(self))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.doing.load(Ordering::Relaxed) == IDLE
    }

    /// Whether the client has been silent, or slow with a head, for longer than it may.
    pub(super) fn is_overdue(&self, limits: &Limits) -> bool {
        let since = Duration::from_millis(self.since.load(Ordering::Relaxed));
        let lasted = self.start.elapsed().saturating_sub(since);
        match self.doing.load(Ordering::Relaxed) {
            IDLE => lasted >= limits.idle_timeout,
            HEAD => lasted >= limits.header_read_timeout,
            _ => false,
        }
    }

    pub(super) fn announce_close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        self.process.leave();
        self.worker.leave();
    }
}

// === impl Busy ===

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.turn_to(IDLE);
    }
}

// === impl Tracked ===

impl Tracked {
    pub(super) fn new(stream: TcpStream, state: Arc<ConnectionState>) -> Self {
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
        if buffer.filled().len() > before && self.state.is_idle() {
            self.state.turn_to(HEAD);
        }
        result
    }
}

impl AsyncWrite for Tracked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
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
