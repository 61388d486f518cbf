//! A bidirectional stream of gRPC that is held open over changes, with messages both ways.
//!
//! In: where, and when it is released. Out: one request in the recorder, from its head to its trailers. Never: a second try.

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use h2::client::ResponseFuture;
use hyper::HeaderMap;
use reloadspec_fixtures::origin;
use reloadspec_fixtures::origin::grpc::{CONTENT_TYPE, COUNT, MESSAGE, Messages, STATUS, framed};
use reloadspec_fixtures::origin::websocket::message;
use tokio::sync::oneshot;
use tokio::time::{interval, sleep};

use super::{Asked, Connection, Shared};
use crate::drive::client::{Ask, Client, markers};
use crate::vocabulary::{Outcome, Phase};

/// The pause between two messages.
const BETWEEN: Duration = Duration::from_millis(5);
/// Once it is released, how long the last messages and the trailers may take to come.
const LAST: Duration = Duration::from_secs(5);

/// Opens one on a connection that others share, exchanges messages until it is released, and ends it.
pub(in crate::drive) async fn run_grpc(
    client: Client,
    shared: Shared,
    ask: Ask,
    released: oneshot::Receiver<()>,
) {
    let made = shared.get_or_try_init(async || client.connect_http2(&ask).await.ok_or(()));
    if let Ok(connection) = made.await {
        let (client, told) = (&client, (ask.number, ask.purpose, ask.timeout));
        connection
            .record(client, told, async |asked| {
                connection.converse(client, &ask, asked, released).await
            })
            .await;
    }
}

impl Connection {
    async fn converse(
        &self,
        client: &Client,
        ask: &Ask,
        asked: &mut Asked,
        released: oneshot::Receiver<()>,
    ) -> Outcome {
        let request = hyper::Request::builder()
            .method(ask.method.clone())
            .uri(format!("http://proxy.test{}", client.to.path(&ask.path)))
            .header(origin::REQUEST, ask.number)
            .header("content-type", CONTENT_TYPE)
            .header("te", "trailers");
        let request = match request.body(()) {
            Ok(request) => request,
            Err(error) => {
                let detail = error.to_string();
                return Outcome::Harness { detail };
            }
        };
        // What cannot be sent any more was not sent.
        let Ok(mut sender) = self.sender.clone().ready().await else {
            return Outcome::NotSent;
        };
        let Ok((response, stream)) = sender.send_request(request, false) else {
            return Outcome::NotSent;
        };
        asked.stream = Some(response.stream_id().as_u32());
        let talk = Talk::default();
        let ended = tokio::select! {
            ended = hear(client, response, asked, &talk) => ended,
            () = talk.say(stream, released) => return Outcome::TimedOut { phase: Phase::Body },
        };
        match ended.unwrap_or_else(|error| self.broken(&error, asked)) {
            // It had been open: whatever the connection says of it, it was processed.
            Outcome::Unprocessed if asked.first_byte.is_some() => Outcome::Reset { phase: Phase::Body },
            outcome => outcome,
        }
    }
}

/// How far a client has come.
#[derive(Default)]
struct Talk {
    sent: AtomicU64,
    /// Whether it has ended its side: 1.
    ended: AtomicU64,
}

impl Talk {
    /// Sends messages until it is released. Comes to an end if nothing else does soon thereafter.
    async fn say(&self, mut stream: SendStream<Bytes>, mut released: oneshot::Receiver<()>) {
        let mut beat = interval(BETWEEN);
        loop {
            let sent = tokio::select! {
                _ = beat.tick() => {
                    let number = self.sent.fetch_add(1, Ordering::Relaxed);
                    stream.send_data(framed(&message(number)), false)
                }
                // An error means that the owner is gone, which is the same.
                _ = &mut released => {
                    self.ended.store(1, Ordering::Relaxed);
                    if stream.send_data(Bytes::new(), true).is_ok() {
                        return sleep(LAST).await;
                    }
                    return pending().await;
                }
            };
            // Who hears is told why.
            if sent.is_err() {
                return pending().await;
            }
        }
    }
}

async fn hear(
    client: &Client,
    response: ResponseFuture,
    asked: &mut Asked,
    talk: &Talk,
) -> Result<Outcome, h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    asked.first_byte = Some(client.recorder.now());
    let mut messages = Messages::default();
    let mut due = 0;
    while let Some(data) = body.data().await {
        let data = data?;
        // Room for as much again.
        let _ = body.flow_control().release_capacity(data.len());
        for text in messages.take(&data) {
            if text != message(due) {
                let detail = format!("{text} came where {} was due", message(due));
                return Ok(Outcome::Malformed { detail });
            }
            due += 1;
        }
    }
    let trailers = body.trailers().await?;
    let answered = |intact| Outcome::Answered {
        status: head.status.as_u16(),
        markers: markers(&head.headers),
        intact,
        closes: false,
    };
    // An answer without a message was none, be it of the proxy or of the origin.
    if due == 0 || head.headers.contains_key(STATUS) {
        return Ok(answered(false));
    }
    let sent = talk.sent.load(Ordering::Relaxed);
    let detail = match trailers {
        None => "it ended without its trailers".to_owned(),
        Some(trailers) => match told(&trailers) {
            Ok(_) if talk.ended.load(Ordering::Relaxed) == 0 => {
                "it ended before its client ended it".to_owned()
            }
            Ok(count) if count == sent && due == sent => return Ok(answered(true)),
            Ok(count) => format!("of {sent} messages {count} came to the origin, and {due} back"),
            Err(detail) => detail,
        },
    };
    Ok(Outcome::Malformed { detail })
}

/// How many messages came, by trailers that are whole.
fn told(trailers: &HeaderMap) -> Result<u64, String> {
    let text = |name| {
        trailers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    match (text(STATUS), text(MESSAGE), text(COUNT).parse()) {
        ("0", "all came", Ok(count)) => Ok(count),
        (status, words, _) => Err(format!(
            "it ended with the trailers grpc-status {status:?}, grpc-message {words:?}"
        )),
    }
}
