//! One attempt: a request over the first connection to one endpoint that takes it.
//!
//! Invariant: within an attempt a request is sent again only if nothing of it was sent (hyper hands it back, or the other side says so), or if a kept connection ended
//! before any byte of an answer and doing it twice is the same as doing it once. Anything else may have been acted upon.

use std::io::ErrorKind;
use std::pin::{Pin, pin};

use http::header::{self, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri};
use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;
use tokio::time::Instant;

use super::super::alarm::Alarm;
use super::super::body::RequestBody;
use super::super::pool::{ConnectError, Goal, Lease};
use super::super::refusal::Refusal;
use super::super::upstream::Taken;
use super::ledger::Waited;
use super::outgoing::{Outgoing, head_of};
use super::{Answer, Call, Failed};
use crate::model::{Failing, Protocol, Retry};

/// What becomes of a request that was handed over to a connection.
type Sent = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>;

/// How sending a request over a connection can fail.
enum Lost {
    /// It is there to be sent again.
    Again,
    /// It may have been acted upon.
    Sent(Failing, Refusal),
    /// It cannot be sent anywhere.
    Unfit(Refusal),
}

impl Call<'_> {
    /// Tries one endpoint.
    pub(super) async fn exchange(&self, taken: Taken, request: &Outgoing) -> Result<Answer, Failed> {
        let upstream = self.upstream;
        let goal = Goal::of(upstream, taken.index);
        let endpoint = &goal.endpoint.key;
        // One that is kept may be gone, and so may the next one.
        for _ in 0..=goal.kept() {
            let lease = match self.connection.pool.reuse(goal) {
                Some(lease) => Ok(lease),
                // The room that it takes to open a connection is not taken for each request.
                None => Box::pin(self.connection.pool.connect(goal, self.timeouts.connect)).await,
            };
            let mut lease = match lease {
                Ok(lease) => lease,
                Err(error) => {
                    tracing::debug!(upstream = %upstream.definition.name, %endpoint, %error, "no connection");
                    if matches!(error, ConnectError::TooSlow) {
                        upstream.ledger().waited(Waited::Connect);
                    }
                    upstream.failed(taken.index);
                    return Err(Failed::by(Failing::ConnectFailure, Refusal::Unreachable));
                }
            };
            let reused = lease.reused;
            match self.send_over(&mut lease, request, goal).await {
                Ok(response) => {
                    upstream.answered(taken.index, response.status().as_u16());
                    return Ok((response, lease, taken));
                }
                Err(Lost::Again) if reused => {}
                Err(Lost::Again) => {
                    upstream.failed(taken.index);
                    break;
                }
                Err(Lost::Sent(failing, refusal)) => {
                    upstream.failed(taken.index);
                    return Err(Failed::by(failing, refusal));
                }
                Err(Lost::Unfit(refusal)) => return Err(Failed::for_good(refusal)),
            }
        }
        Err(Failed::by(Failing::Unsent, Refusal::BrokeOff))
    }

    /// Whether a request may be sent again that a kept connection has ended with: a safe one, as without `retry`, and another one where its route
    /// would have it tried again after a reset.
    fn may_replay(&self, outgoing: &Outgoing) -> bool {
        let is_declared = |retry: &Retry| retry.attempts > 1 && retry.on.contains(&Failing::Reset);
        let is_declared = self.rules.retry.as_ref().is_some_and(is_declared);
        outgoing.is_safe() || (is_declared && outgoing.is_idempotent())
    }

    async fn send_over(
        &self,
        lease: &mut Lease,
        outgoing: &Outgoing,
        goal: Goal<'_>,
    ) -> Result<Response<Incoming>, Lost> {
        let (sending, replay) = start(lease, outgoing, goal)?;
        let outcome = self.awaited(pin!(sending)).await?;
        outcome.map_err(|error| self.lost(error, lease, outgoing, replay))
    }

    /// Waits for an answer as long as it may take.
    async fn awaited(&self, mut sending: Pin<&mut impl Future<Output = Sent>>) -> Result<Sent, Lost> {
        let (progress, patience) = (self.progress, self.timeouts.response);
        progress.moved.set(Instant::now());
        let kept = self.connection.alarm.take();
        let mut alarm = kept.unwrap_or_else(|| Alarm::new(progress.moved.get() + patience));
        let outcome = loop {
            let deadline = progress.moved.get() + patience;
            tokio::select! {
                biased;
                outcome = &mut sending => break outcome,
                () = alarm.wait(deadline) => {
                    if Instant::now() >= progress.moved.get() + patience {
                        self.upstream.ledger().waited(Waited::Response);
                        return Err(Lost::Sent(Failing::Timeout, Refusal::TooSlow));
                    }
                }
            }
        };
        self.connection.alarm.replace(Some(alarm));
        Ok(outcome)
    }

    /// What has become of a request that a connection gave no answer to.
    fn lost(
        &self,
        mut error: TrySendError<Request<RequestBody>>,
        lease: &Lease,
        outgoing: &Outgoing,
        replay: Option<Box<Request<()>>>,
    ) -> Lost {
        if let Some(unsent) = error.take_message() {
            outgoing.put_back(unsent);
            return Lost::Again;
        }
        tracing::debug!(error = %error.error(), "upstream broke off before its answer");
        if let Some(refusal) = self.progress.failure.get() {
            return Lost::Unfit(refusal);
        }
        let may_be_sent_again = match lease.protocol() {
            Protocol::Http1 if matches!(outgoing, Outgoing::Kept(_)) => {
                lease.reused && self.may_replay(outgoing) && is_stale(error.error())
            }
            Protocol::Http1 => is_stale(error.error()),
            Protocol::Http2 => is_left(error.error()),
        };
        if may_be_sent_again {
            if let Some(head) = replay {
                outgoing.put_back(head.map(|()| RequestBody::none(self.progress)));
            }
            if outgoing.is_there() {
                return Lost::Again;
            }
        }
        Lost::Sent(Failing::Reset, Refusal::BrokeOff)
    }
}

/// Hands a request over to a connection, and keeps its head where it may have to be sent again. Not where anything is awaited: there the request would keep its place.
#[expect(clippy::type_complexity, reason = "a future has no shorter name")]
fn start(
    lease: &mut Lease,
    outgoing: &Outgoing,
    goal: Goal<'_>,
) -> Result<(impl Future<Output = Sent> + use<>, Option<Box<Request<()>>>), Lost> {
    let Some(mut request) = outgoing.next() else {
        return Err(Lost::Unfit(Refusal::BrokeOff));
    };
    address(&mut request, goal).map_err(Lost::Unfit)?;
    let protocol = lease.protocol();
    let is_kept = matches!(outgoing, Outgoing::Kept(_));
    let may_be_stale = protocol == Protocol::Http1 && lease.reused && is_repeatable(&request);
    let may_be_left = protocol == Protocol::Http2 && request.body().is_end_stream();
    let replay = (!is_kept && (may_be_stale || may_be_left)).then(|| Box::new(head_of(&request)));
    Ok((lease.sender.send(request), replay))
}

/// Says whom a request is for: a request of HTTP/1.0 may come without a host, HTTP/1.1 has one always, and HTTP/2 has it in its target.
fn address(request: &mut Request<RequestBody>, goal: Goal<'_>) -> Result<(), Refusal> {
    let own = || HeaderValue::from_str(&goal.endpoint.authority).map_err(|_| Refusal::BadHost);
    match goal.protocol {
        Protocol::Http1 => {
            if !request.headers().contains_key(header::HOST) {
                request.headers_mut().insert(header::HOST, own()?);
            }
        }
        Protocol::Http2 => {
            let host = match request.headers_mut().remove(header::HOST) {
                Some(host) => host,
                // It may have been sent before.
                None if request.uri().authority().is_some() => return Ok(()),
                None => own()?,
            };
            let scheme = if goal.secured.is_some() {
                Scheme::HTTPS
            } else {
                Scheme::HTTP
            };
            let path = request.uri().path_and_query().cloned();
            let target = Uri::builder().scheme(scheme).authority(host.as_bytes());
            let target = target.path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
            *request.uri_mut() = target.build().map_err(|_| Refusal::BadTarget)?;
        }
    }
    Ok(())
}

/// Whether doing it twice is the same as doing it once, and there is no body that would have to be kept.
fn is_repeatable(request: &Request<RequestBody>) -> bool {
    let idempotent = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(request.method());
    idempotent && request.body().is_end_stream()
}

/// Whether an error says that a connection was closed before it answered, as a server does with one that it no longer keeps.
fn is_stale(error: &hyper::Error) -> bool {
    let reset = || {
        let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
        cause.is_some_and(|cause| matches!(cause.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe))
    };
    error.is_incomplete_message() || error.is_canceled() || reset()
}

/// Whether an error says that the other side did nothing with a request, and will not (RFC 9113 §8.7).
fn is_left(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| {
        let is_end = cause.is_go_away() && cause.reason() == Some(h2::Reason::NO_ERROR);
        cause.is_remote() && (is_end || cause.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}
