//! A client that speaks HTTP/2 (RFC 9113): its streams are requests, and the frames by which it is given up are written down.
//!
//! In: where, and what to ask. Out: requests, and frames GOAWAY and RST_STREAM. Never: a second try of a stream, whatever may be tried again.

mod frames;
mod grpc;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http_body_util::BodyExt;
use reloadspec_fixtures::origin;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;

use self::frames::Frames;
pub(super) use self::grpc::run_grpc;
use super::client::{Ask, Body, Client, Expected, REQUEST_TIMEOUT, connect_failed, markers};
use super::recorder::Recorder;
use super::wire::{Seen, Stream, Wire};
use crate::vocabulary::{Event, Frame, Nanos, Outcome, Phase, Purpose, Request, Says};

/// A connection that several streams are to share, once the first of them has made it.
pub(super) type Shared = Arc<OnceCell<Connection>>;

/// A connection, and what it has carried.
pub(super) struct Connection {
    sender: SendRequest<Bytes>,
    seen: Arc<Seen>,
    /// The last stream of the newest GOAWAY.
    last: Arc<AtomicU32>,
    task: JoinHandle<()>,
    number: u64,
    connect: Nanos,
    carried: AtomicU32,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks one stream after the other, on a connection that is kept for as long as it lasts.
pub(super) async fn run_streams(client: Client, pause: Duration, mut stopped: watch::Receiver<bool>) {
    let mut connection: Option<Connection> = None;
    while !*stopped.borrow() {
        let ask = client.plain(Purpose::Load, REQUEST_TIMEOUT);
        let kept = match connection.take() {
            Some(kept) => Some(kept),
            None => client.connect_http2(&ask).await,
        };
        if let Some(kept) = kept {
            let request = kept.ask(&client, ask).await;
            let lives = matches!(request.outcome, Outcome::Answered { .. });
            connection = Some(kept).filter(|_| lives);
        }
        // Either the pause is over, or the load; an error means the same as the latter.
        let _ = tokio::time::timeout(pause, stopped.wait_for(|stop| *stop)).await;
    }
}

/// Carries out what is held on a connection that others share.
pub(super) async fn run_held_stream(client: Client, shared: Shared, ask: Ask) {
    let made = shared.get_or_try_init(async || client.connect_http2(&ask).await.ok_or(()));
    if let Ok(connection) = made.await {
        connection.ask(&client, ask).await;
    }
}

impl Client {
    /// Makes a connection; where that fails, it is the end of what was to be asked on it.
    async fn connect_http2(&self, ask: &Ask) -> Option<Connection> {
        let connect = self.recorder.now();
        let number = self.recorder.next_number();
        let connected = tokio::time::timeout(REQUEST_TIMEOUT, self.shake(connect, number)).await;
        let timed_out = || io::Error::from(io::ErrorKind::TimedOut);
        match connected.unwrap_or_else(|_| Err(timed_out())) {
            Ok(connection) => Some(connection),
            Err(error) => {
                self.recorder.record(Event::Request(Request {
                    id: ask.number,
                    purpose: ask.purpose,
                    listener: self.to.listener,
                    route: self.to.route,
                    connection: number,
                    connect,
                    nth: 0,
                    stream: None,
                    begin: connect,
                    first_byte: None,
                    at: self.recorder.now(),
                    outcome: connect_failed(&error),
                }));
                None
            }
        }
    }

    async fn shake(&self, connect: Nanos, number: u64) -> io::Result<Connection> {
        let stream = Stream::connect(&self.reach).await?;
        let (wire, seen) = Wire::new(stream, Arc::clone(&self.recorder));
        let last = Arc::new(AtomicU32::new(u32::MAX));
        let tap = Tap {
            wire,
            frames: Frames::default(),
            recorder: Arc::clone(&self.recorder),
            connection: number,
            last: Arc::clone(&last),
        };
        // Of a handshake of HTTP/2 nothing is waited for.
        let (sender, connection) = h2::client::handshake(tap).await.map_err(io::Error::other)?;
        let task = tokio::spawn(async move {
            // How it ended is told to the streams that were on it.
            let _ = connection.await;
        });
        Ok(Connection {
            sender,
            seen,
            last,
            task,
            number,
            connect,
            carried: AtomicU32::new(0),
        })
    }
}

impl Connection {
    /// Sends a request on a stream of its own; its end is recorded.
    async fn ask(&self, client: &Client, ask: Ask) -> Request {
        let told = (ask.number, ask.purpose, ask.timeout);
        self.record(client, told, async |asked| {
            self.exchange(client, ask, asked).await
        })
        .await
    }

    /// The same, of an exchange that somebody else has.
    async fn record(
        &self,
        client: &Client,
        (id, purpose, timeout): (u64, Purpose, Duration),
        exchange: impl AsyncFnOnce(&mut Asked) -> Outcome,
    ) -> Request {
        let nth = self.carried.fetch_add(1, Ordering::Relaxed);
        let recorder = &client.recorder;
        let begin = if nth == 0 { self.connect } else { recorder.now() };
        let mut asked = Asked {
            stream: None,
            first_byte: None,
        };
        let ended = tokio::time::timeout(timeout, exchange(&mut asked)).await;
        let phase = asked.phase();
        let request = Request {
            id,
            purpose,
            listener: client.to.listener,
            route: client.to.route,
            connection: self.number,
            connect: self.connect,
            nth,
            stream: asked.stream,
            begin,
            first_byte: asked.first_byte,
            at: recorder.now(),
            outcome: ended.unwrap_or(Outcome::TimedOut { phase }),
        };
        recorder.record(Event::Request(request.clone()));
        request
    }

    async fn exchange(&self, client: &Client, ask: Ask, asked: &mut Asked) -> Outcome {
        let request = h2_request(client, &ask);
        let request = match request {
            Ok(request) => request,
            Err(detail) => return Outcome::Harness { detail },
        };
        // What cannot be sent any more was not sent.
        let Ok(mut sender) = self.sender.clone().ready().await else {
            return Outcome::NotSent;
        };
        let Ok((response, stream)) = sender.send_request(request, ask.length.is_none()) else {
            return Outcome::NotSent;
        };
        asked.stream = Some(response.stream_id().as_u32());
        let sending = send(ask.body, stream);
        let reading = read(client, response, asked, &ask.expected, ask.number);
        // An answer that came whole is one, whether all was sent or not.
        let (_, ended) = tokio::join!(sending, reading);
        ended.unwrap_or_else(|error| self.broken(&error, asked))
    }

    fn broken(&self, error: &h2::Error, asked: &Asked) -> Outcome {
        let phase = asked.phase();
        let is_past = asked.stream > Some(self.last.load(Ordering::Relaxed));
        if error.is_reset() && error.is_remote() {
            return match error.reason() {
                Some(Reason::REFUSED_STREAM) => Outcome::Unprocessed,
                _ => Outcome::Reset { phase },
            };
        }
        if is_past {
            Outcome::Unprocessed
        } else if self.seen.was_reset() {
            Outcome::Reset { phase }
        } else if error.is_io() || error.is_go_away() || self.seen.has_ended() {
            Outcome::Ended { phase }
        } else {
            Outcome::Malformed {
                detail: error.to_string(),
            }
        }
    }
}

/// What is known of a request that was sent.
struct Asked {
    stream: Option<u32>,
    first_byte: Option<Nanos>,
}

impl Asked {
    fn phase(&self) -> Phase {
        if self.first_byte.is_some() {
            Phase::Body
        } else {
            Phase::Head
        }
    }
}

fn h2_request(client: &Client, ask: &Ask) -> Result<hyper::Request<()>, String> {
    let request = hyper::Request::builder()
        .method(ask.method.clone())
        .uri(format!("http://proxy.test{}", client.to.path(&ask.path)))
        .header(origin::REQUEST, ask.number);
    let request = match ask.length {
        Some(length) => request.header("content-length", length),
        None => request,
    };
    request.body(()).map_err(|error| error.to_string())
}

async fn send(mut body: Body, mut stream: SendStream<Bytes>) -> Result<(), h2::Error> {
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            stream.send_data(data, false)?;
        }
    }
    stream.send_data(Bytes::new(), true)
}

async fn read(
    client: &Client,
    response: ResponseFuture,
    asked: &mut Asked,
    expected: &Expected,
    number: u64,
) -> Result<Outcome, h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    asked.first_byte = Some(client.recorder.now());
    let mut received = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        // Room for as much again.
        let _ = body.flow_control().release_capacity(data.len());
        received.extend_from_slice(&data);
    }
    Ok(Outcome::Answered {
        status: head.status.as_u16(),
        markers: markers(&head.headers),
        intact: expected.is_met(number, &head.headers, &received),
        closes: false,
    })
}

/// The wire, looked at as it is read.
struct Tap {
    wire: Wire,
    frames: Frames,
    recorder: Arc<Recorder>,
    connection: u64,
    last: Arc<AtomicU32>,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.wire).poll_read(cx, buf));
        for says in self.frames.take(&buf.filled()[before..]) {
            if let Says::GoAway { last, .. } = says {
                self.last.store(last, Ordering::Relaxed);
            }
            self.recorder.record(Event::Frame(Frame {
                connection: self.connection,
                at: self.recorder.now(),
                says,
            }));
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
