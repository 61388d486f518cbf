//! Listening sockets and accepted connections, of TCP and in the file system, as one kind each.
//!
//! In: what the registry of sockets opened. Out: bytes of a client. Both kinds come in two forms: of the standard library, which can go from
//! thread to thread, and of tokio, which belongs to the runtime that it was made on.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::model::Address;

/// A socket that listens, on its way to whoever will accept.
#[derive(Debug)]
pub enum Listening {
    /// At a TCP address.
    Tcp(StdTcpListener),
    /// At a path.
    Unix(StdUnixListener),
}

/// One handle of a listening socket, and which socket it is.
#[derive(Debug)]
pub struct Handle {
    /// The number of the socket, the same for all handles of it, and never that of another one.
    pub number: u64,
    /// Where it listens, with the port that the kernel chose.
    pub bound: Address,
    /// The handle.
    pub socket: Listening,
}

/// A socket that can be accepted on.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection on its way to another thread.
#[derive(Debug)]
pub(super) enum Passing {
    Tcp(StdTcpStream),
    Unix(StdUnixStream),
}

/// Who has connected. Those who came by a socket in the file system have no address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(Option<SocketAddr>);

// === impl Listening ===

impl Listening {
    /// A further handle of the same socket.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(listener) => listener.try_clone().map(Self::Tcp),
            Self::Unix(listener) => listener.try_clone().map(Self::Unix),
        }
    }
}

// === impl Listener ===

impl Listener {
    /// Gives the socket to the runtime that this is called on.
    pub(crate) fn from_std(listening: Listening) -> io::Result<Self> {
        match listening {
            Listening::Tcp(listener) => TcpListener::from_std(listener).map(Self::Tcp),
            Listening::Unix(listener) => UnixListener::from_std(listener).map(Self::Unix),
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Stream::Tcp(stream), Peer(Some(peer))))
            }
            Self::Unix(listener) => Ok((Stream::Unix(listener.accept().await?.0), Peer(None))),
        }
    }
}

// === impl Stream ===

impl Stream {
    /// Where the connection arrived, of one that was accepted on a socket that is bound to `bound`.
    pub(super) fn local(&self, bound: &Address) -> io::Result<Address> {
        match (self, bound) {
            // The socket listens at all addresses.
            (Self::Tcp(stream), Address::Tcp(bound)) if bound.ip().is_unspecified() => {
                stream.local_addr().map(Address::Tcp)
            }
            _ => Ok(bound.clone()),
        }
    }

    pub(super) fn into_passing(self) -> io::Result<Passing> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(Passing::Tcp),
            Self::Unix(stream) => stream.into_std().map(Passing::Unix),
        }
    }

    pub(super) fn from_passing(passing: Passing) -> io::Result<Self> {
        match passing {
            Passing::Tcp(stream) => TcpStream::from_std(stream).map(Self::Tcp),
            Passing::Unix(stream) => UnixStream::from_std(stream).map(Self::Unix),
        }
    }
}

/// What is at most as long is put together to be written: that costs less than to have the kernel do it.
const GATHERED_BYTES: usize = 4096;

thread_local! {
    /// Where that is done.
    static TOGETHER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(GATHERED_BYTES));
}

/// Writes pieces as one, if they are one or few bytes; nothing happens otherwise.
fn gathered<T>(slices: &[io::IoSlice<'_>], write: impl FnOnce(&[u8]) -> T) -> Option<T> {
    if let [one] = slices {
        return Some(write(one));
    }
    let length: usize = slices.iter().map(|slice| slice.len()).sum();
    (length <= GATHERED_BYTES).then(|| {
        TOGETHER.with_borrow_mut(|together| {
            together.clear();
            for slice in slices {
                together.extend_from_slice(slice);
            }
            write(together)
        })
    })
}

/// Whatever kind it is: the same is done to the one that is there.
macro_rules! either {
    ($self:ident, $stream:ident => $act:expr) => {
        match $self.get_mut() {
            Self::Tcp($stream) => $act,
            Self::Unix($stream) => $act,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut this = self;
        gathered(slices, |bytes| this.as_mut().poll_write(cx, bytes))
            .unwrap_or_else(|| either!(this, stream => Pin::new(stream).poll_write_vectored(cx, slices)))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

// === impl Peer ===

impl Peer {
    /// Its address, if it has one.
    pub(super) fn ip(self) -> Option<IpAddr> {
        self.0.map(|address| address.ip())
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, "{address}"),
            None => f.write_str("unix"),
        }
    }
}
