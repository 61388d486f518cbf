//! What requests are read from and answers are written to: a connection as it came, or TLS over it.
//!
//! What a connection is doing is noted below TLS, where bytes are seen as they come and go: above it, an answer seems to be written that nobody takes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::state::Tracked;
use crate::model::Protocol;

/// A connection as requests see it.
#[derive(Debug)]
pub(super) enum Wire {
    Clear(Tracked),
    Tls(Box<TlsStream<Tracked>>),
}

// === impl Wire ===

impl Wire {
    /// Shakes hands as a server. Says too whether something of a request has come with it.
    pub(super) async fn shake_hands(stream: Tracked, config: Arc<ServerConfig>) -> io::Result<(Self, bool)> {
        let mut stream = TlsAcceptor::from(config).accept(stream).await?;
        let state = stream.get_mut().1.process_new_packets();
        let has_more = state.is_ok_and(|state| state.plaintext_bytes_to_read() > 0);
        Ok((Self::Tls(Box::new(stream)), has_more))
    }

    /// Whether nothing follows the handshake: a client that speaks none of what is spoken here wanted to see what is shown to it.
    pub(super) fn is_over(&self) -> bool {
        let Self::Tls(stream) = self else { return false };
        stream.get_ref().1.alpn_protocol().is_some() && self.chosen().is_none()
    }

    /// What the client chose by ALPN, if it chose.
    pub(super) fn chosen(&self) -> Option<Protocol> {
        let Self::Tls(stream) = self else { return None };
        let chosen = stream.get_ref().1.alpn_protocol()?;
        Protocol::ALL
            .into_iter()
            .find(|protocol| protocol.alpn() == chosen)
    }
}

/// Whatever kind it is: the same is done to the one that is there.
macro_rules! either {
    ($self:ident, $stream:ident => $act:expr) => {
        match $self.get_mut() {
            Self::Clear($stream) => $act,
            Self::Tls($stream) => $act,
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Clear(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
