//! A client that knows its connections: every request says which one it went over, how old that was, and how it ended.
//!
//! No pool, no retry, no redirect: what a library would smooth over is what is being measured.

mod asks;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{HeaderMap, Method, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use reloadspec_fixtures::origin;
use tokio::task::JoinHandle;

use super::recorder::Recorder;
use super::wire::{Seen, Stream, Wire};
use crate::target::Reach;
use crate::vocabulary::{Event, Listener, Markers, Nanos, Outcome, Phase, Purpose, Request};

/// Past this without an answer, a request has failed.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The field that names a session.
pub(super) const SESSION: &str = "x-session";

/// The body of a request.
pub(super) type Body = BoxBody<Bytes, std::convert::Infallible>;

/// No body.
pub(super) fn no_body() -> Body {
    Empty::new().boxed()
}

/// What the body of an answer has to be.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// The origin's short text, which names the request.
    Text,
    /// The pattern of the request's own number, of so many bytes.
    Pattern(usize),
    /// Anything, if the origin says that it received a body of this digest.
    Received(String),
    /// Events, all of them, in order, each once.
    Events,
}

impl Expected {
    /// Whether it came. Only the origin's own answers have a body that is known beforehand.
    pub(super) fn is_met(&self, number: u64, headers: &HeaderMap, received: &[u8]) -> bool {
        markers(headers).origin.is_none()
            || match self {
                Self::Text => received.ends_with(format!(" {number}\n").as_bytes()),
                Self::Pattern(bytes) => received == origin::pattern(number, *bytes),
                Self::Events => origin::are_all_events(received),
                Self::Received(digest) => text(headers, origin::RECEIVED_DIGEST).as_ref() == Some(digest),
            }
    }
}

/// A request to be made.
pub(super) struct Ask {
    pub(super) number: u64,
    pub(super) purpose: Purpose,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Body,
    pub(super) length: Option<usize>,
    pub(super) expected: Expected,
    pub(super) timeout: Duration,
    /// When it is its turn, where that is not when it is sent.
    pub(super) due: Option<Nanos>,
    /// Further fields.
    pub(super) fields: Vec<(&'static str, String)>,
}

/// Makes connections to one address, and asks in the paths of one route.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) recorder: Arc<Recorder>,
    pub(super) reach: Reach,
    pub(super) to: To,
}

/// What a client asks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct To {
    pub(super) listener: Listener,
    /// 0 is the route for all paths.
    pub(super) route: u8,
}

impl To {
    /// The path of this route that an origin takes for `path`, which begins with `/`.
    pub(super) fn path(self, path: &str) -> String {
        match self.route {
            0 => path.to_owned(),
            number => format!("/r{number}{path}"),
        }
    }
}

/// A connection, and what it has carried.
pub(super) struct Connection {
    recorder: Arc<Recorder>,
    sender: SendRequest<Body>,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
    to: To,
    number: u64,
    connect: Nanos,
    carried: u32,
    /// The last that it was given, as it is to be sent back.
    cookie: Option<String>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    /// Makes a connection for a request and sends it. The request's end is recorded; the connection is returned, if there is one,
    /// whether it lives or not.
    pub(super) async fn ask_fresh(&self, ask: Ask) -> (Request, Option<Connection>) {
        let connect = self.recorder.now();
        let number = self.recorder.next_number();
        let connected = tokio::time::timeout(ask.timeout, self.connect(connect, number)).await;
        let failed = match connected {
            Ok(Ok(mut connection)) => {
                let request = connection.ask(ask).await;
                return (request, Some(connection));
            }
            Ok(Err(error)) => connect_failed(&error),
            Err(_) => Outcome::TimedOut {
                phase: Phase::Connect,
            },
        };
        let request = Request {
            id: ask.number,
            purpose: ask.purpose,
            listener: self.to.listener,
            route: self.to.route,
            connection: number,
            connect,
            nth: 0,
            stream: None,
            begin: ask.due.unwrap_or(connect),
            first_byte: None,
            at: self.recorder.now(),
            outcome: failed,
        };
        self.recorder.record(Event::Request(request.clone()));
        (request, None)
    }

    async fn connect(&self, connect: Nanos, number: u64) -> io::Result<Connection> {
        let stream = Stream::connect(&self.reach).await?;
        self.carry(stream, connect, number).await
    }

    /// Has a connection that was made carry requests.
    pub(super) async fn carry(&self, stream: Stream, connect: Nanos, number: u64) -> io::Result<Connection> {
        let (wire, seen) = Wire::new(stream, Arc::clone(&self.recorder));
        // A handshake of HTTP/1 sends nothing; it fails only if the task is gone.
        let (sender, connection) = http1::handshake(TokioIo::new(wire))
            .await
            .map_err(io::Error::other)?;
        let task = tokio::spawn(async move {
            // How it ended is told to the request that was on it, and remembered by the wire.
            let _ = connection.await;
        });
        let recorder = Arc::clone(&self.recorder);
        Ok(Connection {
            recorder,
            sender,
            seen,
            task,
            to: self.to,
            number,
            connect,
            carried: 0,
            cookie: None,
        })
    }
}

impl Connection {
    /// Whether its end has not been noticed yet.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed() && !self.task.is_finished()
    }

    /// The last cookie that was given on it, as it is to be sent back.
    pub(super) fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Sends a request on it; its end is recorded.
    pub(super) async fn ask(&mut self, ask: Ask) -> Request {
        let nth = self.carried;
        self.carried += 1;
        self.seen.clear();
        let begin = ask.due.unwrap_or_else(|| {
            if nth == 0 {
                self.connect
            } else {
                self.recorder.now()
            }
        });
        let (id, purpose) = (ask.number, ask.purpose);
        let exchanged = tokio::time::timeout(ask.timeout, self.exchange(ask)).await;
        let at = self.recorder.now();
        let outcome = exchanged.unwrap_or_else(|_| Outcome::TimedOut { phase: self.phase() });
        let request = Request {
            id,
            purpose,
            listener: self.to.listener,
            route: self.to.route,
            connection: self.number,
            connect: self.connect,
            nth,
            stream: None,
            begin,
            first_byte: self.seen.first_byte(),
            at,
            outcome,
        };
        self.recorder.record(Event::Request(request.clone()));
        request
    }

    async fn exchange(&mut self, ask: Ask) -> Outcome {
        // Ready, or closed: either shows in what sending then says.
        let _ = self.sender.ready().await;
        let request = hyper::Request::builder()
            .method(ask.method)
            .uri(self.to.path(&ask.path))
            .header("host", "proxy.test")
            .header(origin::REQUEST, ask.number);
        let request = ask
            .fields
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, value));
        let request = match ask.length {
            Some(length) => request.header("content-length", length),
            None => request,
        };
        let request = match request.body(ask.body) {
            Ok(request) => request,
            Err(error) => {
                return Outcome::Harness {
                    detail: error.to_string(),
                };
            }
        };
        match self.sender.try_send_request(request).await {
            Ok(response) => {
                let given = response
                    .headers()
                    .get("set-cookie")
                    .and_then(|value| value.to_str().ok());
                let pair = given.and_then(|given| given.split(';').next());
                self.cookie = pair.map(str::to_owned).or(self.cookie.take());
                self.read(response, &ask.expected, ask.number).await
            }
            // Given back untouched: not a byte of it had been written.
            Err(mut error) => match error.take_message() {
                Some(_) if self.carried > 1 => Outcome::NotSent,
                _ => self.broken(error.error()),
            },
        }
    }

    async fn read(&self, response: Response<Incoming>, expected: &Expected, number: u64) -> Outcome {
        let (head, body) = response.into_parts();
        let markers = markers(&head.headers);
        let closes = head
            .headers
            .get_all("connection")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|option| option.trim().eq_ignore_ascii_case("close"));
        let received = match body.collect().await {
            Ok(received) => received.to_bytes(),
            Err(error) => return self.broken(&error),
        };
        let intact = expected.is_met(number, &head.headers, &received);
        Outcome::Answered {
            status: head.status.as_u16(),
            markers,
            intact,
            closes,
        }
    }

    fn phase(&self) -> Phase {
        if self.seen.first_byte().is_some() {
            Phase::Body
        } else {
            Phase::Head
        }
    }

    fn broken(&self, error: &hyper::Error) -> Outcome {
        let phase = self.phase();
        if self.seen.was_reset() {
            Outcome::Reset { phase }
        } else if error.is_parse() {
            Outcome::Malformed {
                detail: error.to_string(),
            }
        } else if self.seen.has_ended()
            || error.is_incomplete_message()
            || error.is_canceled()
            || error.is_closed()
        {
            Outcome::Ended { phase }
        } else {
            Outcome::Malformed {
                detail: error.to_string(),
            }
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// What an answer told of what served it.
pub(super) fn markers(headers: &HeaderMap) -> Markers {
    Markers {
        stamp: text(headers, "x-generation"),
        origin: text(headers, origin::ORIGIN),
        upstream: text(headers, origin::RECEIVED_GENERATION),
        credential: text(headers, origin::RECEIVED_CREDENTIAL),
    }
}

/// What came of a connect that failed.
pub(super) fn connect_failed(error: &io::Error) -> Outcome {
    match error.kind() {
        // A socket in the file system that is not there has nobody who listens.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Outcome::Refused,
        io::ErrorKind::ConnectionReset => Outcome::Reset {
            phase: Phase::Connect,
        },
        io::ErrorKind::TimedOut => Outcome::TimedOut {
            phase: Phase::Connect,
        },
        // No port, no descriptor, no memory: ours, not the target's.
        _ => Outcome::Harness {
            detail: error.to_string(),
        },
    }
}
