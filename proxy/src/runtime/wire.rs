//! What requests are read from and answers are written to: a connection as it came, or TLS over it.
//!
//! What a connection is doing is noted below TLS, where bytes are seen as they come and go: above it, an answer seems to be written that nobody takes.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::state::Tracked;
use crate::model::Protocol;

/// A connection as requests see it.
#[derive(Debug)]
pub(super) struct Wire {
    layer: Layer,
    /// What was read and put back.
    again: Bytes,
}

#[derive(Debug)]
enum Layer {
    Clear(Tracked),
    Tls(Box<TlsStream<Tracked>>),
}

/// Enough for most heads, so that waiting for one costs no further read.
const FIRST_READ_BYTES: usize = 4096;

// === impl Wire ===

impl Wire {
    pub(super) fn clear(stream: Tracked) -> Self {
        Self::over(Layer::Clear(stream))
    }

    fn over(layer: Layer) -> Self {
        let again = Bytes::new();
        Self { layer, again }
    }

    /// Shakes hands as a server. Says too whether something of a request has come with it.
    pub(super) async fn shake_hands(stream: Tracked, config: Arc<ServerConfig>) -> io::Result<(Self, bool)> {
        let mut stream = TlsAcceptor::from(config).accept(stream).await?;
        let state = stream.get_mut().1.process_new_packets();
        let has_more = state.is_ok_and(|state| state.plaintext_bytes_to_read() > 0);
        Ok((Self::over(Layer::Tls(Box::new(stream))), has_more))
    }

    pub(super) fn is_clear(&self) -> bool {
        matches!(self.layer, Layer::Clear(_))
    }

    /// Whether nothing follows the handshake: a client that speaks none of what is spoken here wanted to see what is shown to it.
    pub(super) fn is_over(&self) -> bool {
        let Layer::Tls(stream) = &self.layer else {
            return false;
        };
        stream.get_ref().1.alpn_protocol().is_some() && self.chosen().is_none()
    }

    /// What the client chose by ALPN, if it chose.
    pub(super) fn chosen(&self) -> Option<Protocol> {
        let Layer::Tls(stream) = &self.layer else {
            return None;
        };
        let chosen = stream.get_ref().1.alpn_protocol()?;
        Protocol::ALL
            .into_iter()
            .find(|protocol| protocol.alpn() == chosen)
    }

    /// Has what was read be read again.
    pub(super) fn put_back(&mut self, read: Bytes) {
        // What is empty may still hold the room that it was read into.
        self.again = if read.is_empty() { Bytes::new() } else { read };
    }

    /// Whether there is something to be read again.
    pub(super) fn has_more(&self) -> bool {
        !self.again.is_empty()
    }

    /// The next that comes from the client, or nothing if that is the end. Nothing is held for it before it is there.
    pub(super) async fn next(&mut self) -> io::Result<Bytes> {
        std::future::poll_fn(|cx| {
            let mut room = [const { MaybeUninit::uninit() }; FIRST_READ_BYTES];
            let mut buffer = ReadBuf::uninit(&mut room);
            ready!(Pin::new(&mut *self).poll_read(cx, &mut buffer))?;
            Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
        })
        .await
    }
}

/// Whatever kind it is: the same is done to the one that is there.
macro_rules! either {
    ($self:ident, $stream:ident => $act:expr) => {
        match &mut $self.get_mut().layer {
            Layer::Clear($stream) => $act,
            Layer::Tls($stream) => $act,
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_more() {
            let length = self.again.len().min(buffer.remaining());
            buffer.put_slice(&self.again.split_to(length));
            return Poll::Ready(Ok(()));
        }
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
        match &self.layer {
            Layer::Clear(stream) => stream.is_write_vectored(),
            Layer::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use tokio::io::AsyncReadExt;

    use super::super::Stream;
    use super::super::state::ConnectionState;
    use super::*;

    #[tokio::test]
    async fn what_is_put_back_is_read_before_what_follows_and_the_end_is_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("its address");
        let mut client = TcpStream::connect(address).expect("a connection");
        let (accepted, _) = listener.accept().expect("a connection");
        accepted.set_nonblocking(true).expect("a socket");
        let stream = Stream::Tcp(tokio::net::TcpStream::from_std(accepted).expect("a stream"));
        let state = ConnectionState::new(&Arc::default(), &Arc::default());
        let mut wire = Wire::clear(Tracked::new(stream, Arc::clone(&state)));
        assert!(wire.is_clear() && !wire.has_more() && state.is_settled());
        client.write_all(b"one").expect("to send");
        let read = wire.next().await.expect("bytes");
        assert_eq!(&read[..], b"one");
        // What has come is the beginning of a request.
        assert!(!state.is_settled());
        wire.put_back(read);
        assert!(wire.has_more());
        client.write_all(b"two").expect("to send");
        drop(client);
        let mut all = Vec::new();
        wire.read_to_end(&mut all).await.expect("bytes");
        assert_eq!(all, b"onetwo");
        assert!(wire.next().await.expect("an end").is_empty());
        // Room that nothing is left of is let go of.
        let mut room = bytes::BytesMut::with_capacity(8192);
        let rest = room.split().freeze();
        wire.put_back(rest);
        assert!(!wire.has_more() && room.try_reclaim(8192));
    }
}
