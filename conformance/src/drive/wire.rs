//! A socket that remembers when the first byte of an answer came, and how the connection ended.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::recorder::Recorder;
use crate::vocabulary::Nanos;

/// What was seen on a connection since its current request began.
#[derive(Default)]
pub(super) struct Seen {
    first_byte: AtomicU64,
    reset: AtomicBool,
    ended: AtomicBool,
}

impl Seen {
    /// A new request begins.
    pub(super) fn clear(&self) {
        self.first_byte.store(0, Ordering::Relaxed);
    }

    /// When the first byte since then was read.
    pub(super) fn first_byte(&self) -> Option<Nanos> {
        Some(self.first_byte.load(Ordering::Relaxed)).filter(|time| *time > 0)
    }

    pub(super) fn was_reset(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn note_error(&self, error: &io::Error) {
        if matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        ) {
            self.reset.store(true, Ordering::Relaxed);
        }
    }
}

/// The socket.
pub(super) struct Wire {
    stream: TcpStream,
    recorder: Arc<Recorder>,
    seen: Arc<Seen>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, recorder: Arc<Recorder>) -> (Self, Arc<Seen>) {
        let seen = Arc::new(Seen::default());
        (
            Self {
                stream,
                recorder,
                seen: Arc::clone(&seen),
            },
            seen,
        )
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        match &result {
            Err(error) => self.seen.note_error(error),
            Ok(()) if buf.filled().len() == before => self.seen.ended.store(true, Ordering::Relaxed),
            Ok(()) => {
                let now = self.recorder.now().max(1);
                // Only the first byte counts; a failed exchange means that it had come before.
                let _ = self
                    .seen
                    .first_byte
                    .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        if let Err(error) = &result {
            self.seen.note_error(error);
        }
        Poll::Ready(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
