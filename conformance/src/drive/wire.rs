//! A socket that remembers when the first byte of an answer came, and how the connection ended.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use super::recorder::Recorder;
use crate::target::Reach;
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

/// A connection of either kind.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// On which hands were shaken.
    Tls(Box<TlsStream<TcpStream>>),
}

/// How long to wait for room in the queue of a socket in the file system, before it is looked at again.
const FULL_PAUSE: Duration = Duration::from_millis(1);

impl Stream {
    pub(super) async fn connect(reach: &Reach) -> io::Result<Self> {
        match reach {
            Reach::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            Reach::Unix(path) => loop {
                match UnixStream::connect(path).await {
                    // The queue is full. A connect that blocks would wait in the kernel here, as one of TCP does; the caller has a deadline.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        tokio::time::sleep(FULL_PAUSE).await;
                    }
                    result => return result.map(Self::Unix),
                }
            },
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// The socket.
pub(super) struct Wire {
    stream: Stream,
    recorder: Arc<Recorder>,
    seen: Arc<Seen>,
}

impl Wire {
    pub(super) fn new(stream: Stream, recorder: Arc<Recorder>) -> (Self, Arc<Seen>) {
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
