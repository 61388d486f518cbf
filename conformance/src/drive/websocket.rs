//! A WebSocket that is held open over changes, with messages both ways.
//!
//! In: where, and when it is released. Out: one request in the recorder, from the handshake to the close. Never: a second try, or an opinion on whose
//! fault it was.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::{HeaderMap, Uri};
use reloadspec_fixtures::origin;
use reloadspec_fixtures::origin::websocket::{BROKEN, message};
use tokio::sync::oneshot;
use tokio::time::{Instant, interval, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::client::{Client, connect_failed, markers};
use super::wire::{Seen, Stream, Wire};
use crate::vocabulary::{Event, Held, Nanos, Outcome, Phase, Purpose, Request};

/// The pause between two messages.
const BETWEEN: Duration = Duration::from_millis(5);
/// Once it is released, how long the last messages may take to come back.
const LAST: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<Wire>;

/// Opens one, exchanges messages until it is released, and closes it.
pub(super) async fn run_websocket(
    client: Client,
    number: u64,
    within: Duration,
    released: oneshot::Receiver<()>,
) {
    let begin = client.recorder.now();
    let connection = client.recorder.next_number();
    let ended = timeout(within, spoken(&client, number, released)).await;
    let (outcome, first_byte) = ended.unwrap_or((
        Outcome::TimedOut {
            phase: Phase::Connect,
        },
        None,
    ));
    client.recorder.record(Event::Request(Request {
        id: number,
        purpose: Purpose::Held(Held::WebSocket),
        listener: client.to.listener,
        route: client.to.route,
        connection,
        connect: begin,
        nth: 0,
        stream: None,
        begin,
        first_byte,
        at: client.recorder.now(),
        outcome,
    }));
}

async fn spoken(client: &Client, number: u64, released: oneshot::Receiver<()>) -> (Outcome, Option<Nanos>) {
    let stream = match Stream::connect(&client.reach).await {
        Ok(stream) => stream,
        Err(error) => return (connect_failed(&error), None),
    };
    let (wire, seen) = Wire::new(stream, Arc::clone(&client.recorder));
    let outcome = match open(client, wire, number).await {
        Ok((socket, opened)) => match exchange(socket, released).await {
            Ok(()) => opened,
            Err(broken) => broken.outcome(&seen, Phase::Body),
        },
        Err(Error::Http(response)) => answered(response.status().as_u16(), response.headers()),
        Err(error) => Broken::By(error).outcome(&seen, Phase::Head),
    };
    (outcome, seen.first_byte())
}

/// Shakes hands.
async fn open(client: &Client, wire: Wire, number: u64) -> Result<(Socket, Outcome), Error> {
    let uri = format!("ws://proxy.test{}", client.to.path("/websocket"));
    let uri: Uri = uri.parse().map_err(|_| Error::Utf8(uri))?;
    let request = ClientRequestBuilder::new(uri).with_header(origin::REQUEST, number.to_string());
    let (socket, response) = client_async(request, wire).await?;
    let opened = answered(response.status().as_u16(), response.headers());
    Ok((socket, opened))
}

fn answered(status: u16, headers: &HeaderMap) -> Outcome {
    Outcome::Answered {
        status,
        markers: markers(headers),
        intact: true,
        closes: false,
    }
}

/// Sends a message again and again until it is released, and closes once the last has come back.
async fn exchange(mut socket: Socket, mut released: oneshot::Receiver<()>) -> Result<(), Broken> {
    let mut beat = interval(BETWEEN);
    let (mut sent, mut received) = (0, 0);
    let mut last = None;
    while last.is_none() || received < sent {
        let too_late = async {
            match last {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        tokio::select! {
            came = socket.next() => {
                take(came, received)?;
                received += 1;
            }
            _ = beat.tick(), if last.is_none() => {
                socket.send(Message::text(message(sent))).await?;
                sent += 1;
            }
            // An error means that the owner is gone, which is the same.
            _ = &mut released, if last.is_none() => last = Some(Instant::now() + LAST),
            () = too_late => return Err(Broken::Late),
        }
    }
    // All has come back: however it ends now, nothing is lost.
    let _ = socket.close(None).await;
    Ok(())
}

/// Looks at what came where a message was due.
fn take(came: Option<Result<Message, Error>>, due: u64) -> Result<(), Broken> {
    match came {
        Some(Ok(Message::Text(text))) if text.as_str() == message(due) => Ok(()),
        Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == BROKEN => {
            Err(Broken::Told(format!("to the origin, {}", frame.reason)))
        }
        Some(Ok(Message::Close(_))) | None => Err(Broken::Closed),
        Some(Ok(other)) => Err(Broken::Told(format!(
            "{other} came where {} was due",
            message(due)
        ))),
        Some(Err(error)) => Err(error.into()),
    }
}

/// What came between.
enum Broken {
    /// A message that was not due, in words.
    Told(String),
    /// The end.
    Closed,
    /// Nothing, for too long.
    Late,
    /// What the library says.
    By(Error),
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::By(error)
    }
}

impl Broken {
    fn outcome(self, seen: &Seen, phase: Phase) -> Outcome {
        match self {
            Self::Told(detail) => Outcome::Malformed { detail },
            Self::Late => Outcome::TimedOut { phase },
            _ if seen.was_reset() => Outcome::Reset { phase },
            Self::By(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) | Self::Closed => {
                Outcome::Ended { phase }
            }
            Self::By(_) if seen.has_ended() => Outcome::Ended { phase },
            Self::By(error) => Outcome::Malformed {
                detail: error.to_string(),
            },
        }
    }
}
