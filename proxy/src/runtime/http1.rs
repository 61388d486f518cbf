//! HTTP/1.1: a connection is served while it asks, and holds nothing but itself while it rests.
//!
//! In: a connection, and what ends it. Out: its end. What serves it has a buffer for heads each way and room for a request, which are ten times what a connection itself
//! takes; so a connection that has nothing to ask is taken from it, and given to it anew with the first bytes that come.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::apart::Apart;
use super::connection::{Connection, End};
use super::handle::handle;
use super::wire::Wire;

/// The largest head that hyper reads at all. What is allowed is asked at each request, because it changes live.
pub(super) const HEAD_BUFFER_BYTES: usize = 512 * 1024;
/// How long what serves a connection stays with it after an answer: a client that has more to ask mostly asks sooner. To begin anew costs some
/// allocations, and to ask whether it rests next to nothing, four times a second.
const LINGER: Duration = Duration::from_millis(250);

/// A connection as hyper has it. When hyper is through with it, that is noted, and whoever lent it goes on with it.
#[derive(Debug)]
struct Lent {
    wire: Wire,
    is_through: bool,
}

/// How something that served a connection left it.
enum Left {
    /// It has nothing to ask.
    AtRest(Wire),
    /// It was the last.
    Through(Wire),
    /// It is not HTTP any more.
    Upgraded(Wire),
    /// There is nothing more to be done with it.
    Broken,
}

/// Serves a connection until it ends.
pub(super) async fn serve_http1<F>(connection: &Rc<Connection>, mut wire: Wire, end: &mut Apart<'_, F>)
where
    F: Future<Output = End>,
{
    // Whoever asks once may never ask again; whoever asks twice is likely to.
    let mut linger = Duration::ZERO;
    loop {
        if !wire.has_more() {
            tokio::select! {
                biased;
                next = wire.next() => match next {
                    // All was read, and what closes it says so.
                    Ok(bytes) if bytes.is_empty() && wire.is_clear() => return,
                    Ok(bytes) if bytes.is_empty() => return Box::pin(close(connection, wire)).await,
                    Ok(bytes) => wire.put_back(bytes),
                    Err(error) => {
                        tracing::debug!(client = %connection.peer, %error, "connection ended");
                        return;
                    }
                },
                step = &mut *end => match step {
                    End::Silent => return,
                    End::Polite => return Box::pin(close(connection, wire)).await,
                },
            }
        }
        let served = Box::pin(serve_requests(connection, wire, end, linger)).await;
        match served {
            Left::AtRest(back) => {
                connection.forget();
                wire = back;
            }
            Left::Through(wire) => return Box::pin(close(connection, wire)).await,
            Left::Upgraded(wire) => {
                let tunnel = connection.tunnel.take();
                if let Some(tunnel) = tunnel {
                    Box::pin(tunnel.run(connection, wire)).await;
                }
                return;
            }
            Left::Broken => return,
        }
        linger = LINGER;
    }
}

/// Ends a connection that nothing is owed to.
async fn close(connection: &Connection, mut wire: Wire) {
    tokio::select! {
        // A client that has gone has its end.
        _ = wire.shutdown() => {}
        () = connection.cut() => {}
        () = connection.stalled() => {}
    }
}

/// Serves what has come and what follows, until the connection ends or has rested for as long as what serves it lingers.
async fn serve_requests<F>(
    connection: &Rc<Connection>,
    wire: Wire,
    end: &mut Apart<'_, F>,
    linger: Duration,
) -> Left
where
    F: Future<Output = End>,
{
    connection.is_reading.set(true);
    let answers = Rc::clone(connection);
    let service = service_fn(move |request: Request<Incoming>| {
        answers.is_reading.set(!request.body().is_end_stream());
        handle(Rc::clone(&answers), request)
    });
    let lent = Lent {
        wire,
        is_through: false,
    };
    let mut serving = http1::Builder::new()
        .max_buf_size(HEAD_BUFFER_BYTES)
        .serve_connection(TokioIo::new(lent), service);
    let rested = pin!(connection.rested(linger));
    let mut rested = Apart::new(rested);
    let (mut ending, mut at_rest) = (false, false);
    let result = loop {
        let rests = tokio::select! {
            biased;
            result = &mut serving => break result,
            // Something was under way after all: it ends with that.
            () = std::future::ready(()), if at_rest => {
                at_rest = false;
                false
            }
            step = &mut *end, if !ending => {
                ending = true;
                match step {
                    End::Silent => return Left::Broken,
                    End::Polite => Pin::new(&mut serving).graceful_shutdown(),
                }
                false
            }
            () = settled(connection), if !ending && linger.is_zero() => true,
            () = &mut rested, if !ending && !linger.is_zero() => true,
            () = connection.cut(), if ending => return Left::Broken,
            () = connection.run_out(), if ending => return Left::Broken,
        };
        if rests {
            // It is between two requests: it ends at once, nothing is said of that, and nothing is read.
            Pin::new(&mut serving).graceful_shutdown();
            (ending, at_rest) = (true, true);
        }
    };
    let parts = serving.into_parts();
    let Lent { mut wire, is_through } = parts.io.into_inner();
    wire.put_back(parts.read_buf);
    match result {
        Ok(()) if at_rest => Left::AtRest(wire),
        Ok(()) if !is_through && connection.tunnel.borrow().is_some() => Left::Upgraded(wire),
        Ok(()) => Left::Through(wire),
        Err(error) => {
            tracing::debug!(client = %connection.peer, %error, "connection ended");
            if is_through {
                Left::Through(wire)
            } else {
                Left::Broken
            }
        }
    }
}

/// Is done when it is asked while nothing is under way.
async fn settled(connection: &Connection) {
    poll_fn(|_| {
        if connection.is_settled() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

impl AsyncRead for Lent {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lent {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_through = true;
        Poll::Ready(Ok(()))
    }
}
