//! A connection from its first byte on: hands are shaken, it is found out what is spoken, and that is served until it ends.

use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;

use super::answers::Streams;
use super::apart::Apart;
use super::connection::{Connection, End};
use super::handle::handle;
use super::http1::{HEAD_BUFFER_BYTES, serve_http1};
use super::state::Tracked;
use super::wire::Wire;
use crate::model::{Protocol, Protocols};

/// Streams of one connection at a time: RFC 9113 §6.5.2 has no fewer than 100.
const STREAMS: u32 = 128;
/// What of an answer waits for the client to take it, of each stream.
const STREAM_BUFFER_BYTES: usize = 64 * 1024;
/// What whoever speaks HTTP/2 begins with (RFC 9113 §3.4), and nobody else does.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves a connection until it ends.
pub(super) async fn serve(
    connection: &Rc<Connection>,
    stream: Tracked,
    handshake: Option<Arc<ServerConfig>>,
    protocols: Protocols,
) {
    let end = pin!(connection.end());
    let mut end = Apart::new(end);
    let begun = match handshake {
        Some(config) => Box::pin(shake_hands(connection, stream, config, protocols)).await,
        None => tell_apart(Wire::clear(stream), protocols, &mut end).await,
    };
    let Some((wire, protocol)) = begun else { return };
    connection.protocol.set(Some(protocol));
    match protocol {
        Protocol::Http1 => serve_http1(connection, wire, &mut end).await,
        Protocol::Http2 => Box::pin(run_http2(connection, TokioIo::new(wire))).await,
    }
}

/// Speaks TLS from now on; nothing if that comes to nothing. A client may take as long for it as for a head.
async fn shake_hands(
    connection: &Connection,
    stream: Tracked,
    config: Arc<ServerConfig>,
    protocols: Protocols,
) -> Option<(Wire, Protocol)> {
    let patience = connection.shared.current.load().limits.header_read_timeout;
    let client = connection.peer;
    tokio::select! {
        shaken = tokio::time::timeout(patience, Wire::shake_hands(stream, config)) => match shaken {
            Ok(Ok((wire, _))) if wire.is_over() => None,
            Ok(Ok((wire, has_more))) => {
                // What was read until now was no request, but for what came along with the last of it.
                if !has_more {
                    connection.state.rest();
                }
                let protocol = wire.chosen().unwrap_or(if protocols.http1 { Protocol::Http1 } else { Protocol::Http2 });
                Some((wire, protocol))
            }
            Ok(Err(error)) => {
                tracing::debug!(%client, %error, "no TLS with a client");
                None
            }
            Err(_) => {
                tracing::debug!(%client, "a client was too slow for TLS");
                None
            }
        },
        () = connection.cut() => None,
    }
}

/// Finds out what is spoken in the clear; nothing if the connection ends before.
async fn tell_apart<F>(
    mut wire: Wire,
    protocols: Protocols,
    end: &mut Apart<'_, F>,
) -> Option<(Wire, Protocol)>
where
    F: Future<Output = End>,
{
    let protocol = match protocols {
        Protocols { http2: false, .. } => Protocol::Http1,
        Protocols { http1: false, .. } => Protocol::Http2,
        _ => {
            // Whoever has to end now has asked for nothing.
            tokio::select! {
                biased;
                found = begins_as(&mut wire) => found.ok()?,
                _ = end => return None,
            }
        }
    };
    Some((wire, protocol))
}

/// Finds out by the first bytes what is spoken.
async fn begins_as(wire: &mut Wire) -> io::Result<Protocol> {
    let mut read = Bytes::new();
    let found = loop {
        let seen = read.len().min(PREFACE.len());
        if read[..seen] != PREFACE[..seen] {
            break Protocol::Http1;
        }
        if seen == PREFACE.len() {
            break Protocol::Http2;
        }
        let next = wire.next().await?;
        // Whoever ends in the middle of it is told what is wrong with it.
        if next.is_empty() {
            break Protocol::Http1;
        }
        read = if read.is_empty() {
            next
        } else {
            [read, next].concat().into()
        };
    };
    wire.put_back(read);
    Ok(found)
}

/// Serves HTTP/2: many requests at a time, each a task of its own.
async fn run_http2(connection: &Rc<Connection>, io: TokioIo<Wire>) {
    connection.state.multiplex();
    let answers = Rc::clone(connection);
    let service = service_fn(move |request| handle(Rc::clone(&answers), request));
    let serving = http2::Builder::new(Streams(Rc::clone(connection)))
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BUFFER_BYTES as u32)
        .max_send_buf_size(STREAM_BUFFER_BYTES)
        .serve_connection(io, service);
    let mut serving = pin!(serving);
    let (end, tend) = (pin!(connection.end()), pin!(connection.tend()));
    let (mut end, mut tend) = (Apart::new(end), Apart::new(tend));
    // Begins to count where it is first asked, which is at the end.
    let mut left_over = pin!(connection.left_over());
    let mut ending = false;
    loop {
        tokio::select! {
            result = serving.as_mut() => return ended(connection, result),
            step = &mut end, if !ending => {
                ending = true;
                match step {
                    End::Silent => return,
                    End::Polite => serving.as_mut().graceful_shutdown(),
                }
            }
            () = &mut tend => {}
            () = &mut left_over, if ending => return,
            () = connection.cut(), if ending => return,
            () = connection.stalled(), if ending => return,
        }
    }
}

fn ended(connection: &Connection, result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(client = %connection.peer, %error, "connection ended");
    }
}
