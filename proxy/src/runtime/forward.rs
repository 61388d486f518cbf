//! One request to an upstream, and its answer back.

use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use super::admission::Admission;
use super::affinity::{Wanted, set_cookie};
use super::body::{Progress, RequestBody, ResponseBody};
use super::connection::Connection;
use super::fields;
use super::grpc;
use super::pool::{Goal, Lease};
use super::refusal::Refusal;
use super::snapshot::Route;
use super::tunnel;
use super::upstream::{Taken, Upstream};
use crate::model::{Limits, Protocol, Timeouts};

/// Endpoints that are tried for one request, as long as it has not been sent.
const ATTEMPTS: usize = 3;

/// Forwards a request and returns the answer, edited as the route says.
pub(super) async fn forward(
    connection: &Rc<Connection>,
    admission: &Rc<Admission>,
    route: &Route,
    upstream: &Arc<Upstream>,
    mut request: Request<Incoming>,
    limits: Limits,
) -> Result<Response<ResponseBody>, Refusal> {
    let wanted = Wanted::of(upstream, request.headers(), connection.peer.ip());
    let version = request.version();
    let wishes = fields::strip(request.headers_mut(), version);
    let protocol = upstream.definition.protocol;
    let upgrade = wishes.upgrade.filter(|wish| {
        // By HTTP/2 an upstream cannot change to anything else.
        protocol == Protocol::Http1 && request.body().is_end_stream() && !is_http2(wish)
    });
    let client = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    prepare(&mut request, connection, route);
    connect_fields(request.headers_mut(), protocol, upgrade.as_ref(), wishes.trailers);

    let mut timeouts = upstream.definition.timeouts;
    if grpc::asks(request.headers()) {
        // Whoever calls has no use for a later answer.
        let wanted = grpc::timeout(request.headers());
        timeouts.response = wanted.into_iter().fold(timeouts.response, Duration::min);
    }
    let (request, progress) = streamed(request, &limits);
    let (mut response, lease, taken) =
        send(connection, upstream, request, &progress, timeouts, wanted).await?;
    // From here on, silence is the business of whoever answers.
    progress.is_answered.set(true);

    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let client = client.ok_or(Refusal::BrokeOff)?;
        return Ok(tunnel::open(
            connection,
            admission,
            client,
            response,
            &route.response_headers,
            taken.load,
        ));
    }
    let version = response.version();
    fields::strip(response.headers_mut(), version);
    fields::pass_through(response.headers_mut(), version);
    remember(response.headers_mut(), connection, upstream, wanted, taken.index);
    fields::edit(response.headers_mut(), &route.response_headers);
    let (mut parts, body) = response.into_parts();
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    Ok(Response::from_parts(
        parts,
        ResponseBody::upstream(body, (lease, taken.load), progress, timeouts.idle),
    ))
}

/// An upgrade to HTTP/2 would hide requests from the proxy.
fn is_http2(protocol: &HeaderValue) -> bool {
    protocol
        .as_bytes()
        .to_ascii_lowercase()
        .windows(3)
        .any(|three| three == b"h2c")
}

fn prepare(request: &mut Request<Incoming>, connection: &Connection, route: &Route) {
    let version = request.version();
    request.extensions_mut().clear();
    *request.version_mut() = Version::HTTP_11;
    if version == Version::HTTP_2 {
        fields::join_cookies(request.headers_mut());
    }
    let target = request
        .uri()
        .path_and_query()
        .cloned()
        .map_or_else(|| Uri::from_static("/"), Uri::from);
    *request.uri_mut() = target;
    // The proxy has read the whole head and reads the body as it comes: there is nothing to wait for.
    request.headers_mut().remove(header::EXPECT);
    let is_tls = connection.rules != 0;
    fields::introduce(request.headers_mut(), version, connection.peer.ip(), is_tls);
    fields::edit(request.headers_mut(), &route.request_headers);
}

fn connect_fields(
    headers: &mut HeaderMap,
    protocol: Protocol,
    upgrade: Option<&HeaderValue>,
    trailers: bool,
) {
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol.clone());
    } else if trailers {
        if protocol == Protocol::Http1 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
        }
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

fn streamed(request: Request<Incoming>, limits: &Limits) -> (Request<RequestBody>, Rc<Progress>) {
    let (parts, body) = request.into_parts();
    let (body, progress) = RequestBody::new(body, limits.body_read_timeout, limits.body_bytes);
    (Request::from_parts(parts, body), progress)
}

/// Sends a request over the first connection that takes it.
///
/// Invariant: it is sent again only if nothing of it was sent (hyper hands it back), or if a kept connection ended before any byte of an
/// answer and doing it twice is the same as doing it once. Anything else may have been acted upon.
async fn send(
    connection: &Rc<Connection>,
    upstream: &Upstream,
    mut request: Request<RequestBody>,
    progress: &Rc<Progress>,
    timeouts: Timeouts,
    wanted: Wanted,
) -> Result<(Response<Incoming>, Lease, Taken), Refusal> {
    let mut tried = Vec::new();
    let mut refusal = Refusal::NoEndpoint;
    while tried.len() < ATTEMPTS {
        let Some(taken) = upstream.take(wanted, &tried) else {
            break;
        };
        tried.push(taken.index);
        refusal = Refusal::Unreachable;
        let goal = Goal::of(upstream, taken.index);
        // One that is kept may be gone, and so may the next one.
        for _ in 0..=goal.kept() {
            let lease = match connection.pool.reuse(goal) {
                Some(lease) => Ok(lease),
                None => connection.pool.connect(goal, timeouts.connect).await,
            };
            let mut lease = match lease {
                Ok(lease) => lease,
                Err(error) => {
                    tracing::debug!(upstream = %upstream.definition.name, endpoint = %goal.endpoint.key, %error, "no connection");
                    upstream.failed(taken.index);
                    break;
                }
            };
            address(&mut request, goal)?;
            let reused = lease.reused;
            match exchange(&mut lease, request, progress, timeouts).await {
                Ok(response) => {
                    upstream.answered(taken.index, response.status().as_u16());
                    return Ok((response, lease, taken));
                }
                Err(Lost::Unsent(again) | Lost::Stale(again)) => {
                    request = *again;
                    refusal = Refusal::BrokeOff;
                    if !reused {
                        upstream.failed(taken.index);
                        break;
                    }
                }
                Err(Lost::Sent(refusal)) => {
                    if matches!(refusal, Refusal::BrokeOff | Refusal::TooSlow) {
                        upstream.failed(taken.index);
                    }
                    return Err(refusal);
                }
            }
        }
    }
    Err(refusal)
}

/// Has the client come back to the endpoint that answered, where that is wanted and its cookie does not say so already.
fn remember(
    headers: &mut HeaderMap,
    connection: &Connection,
    upstream: &Upstream,
    wanted: Wanted,
    index: usize,
) {
    if let Some(sticky) = &upstream.definition.sticky
        && wanted.sticky != Some(index)
        && let Some(cookie) = set_cookie(sticky, upstream.token(index), connection.rules != 0)
    {
        headers.append(header::SET_COOKIE, cookie);
    }
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

/// How a request can fail to be answered.
enum Lost {
    /// Nothing of it left the proxy.
    Unsent(Box<Request<RequestBody>>),
    /// A kept connection ended before any byte of an answer; the request can be repeated.
    Stale(Box<Request<RequestBody>>),
    /// It may have been acted upon.
    Sent(Refusal),
}

async fn exchange(
    lease: &mut Lease,
    request: Request<RequestBody>,
    progress: &Rc<Progress>,
    timeouts: Timeouts,
) -> Result<Response<Incoming>, Lost> {
    let protocol = lease.protocol();
    let may_be_stale = protocol == Protocol::Http1 && lease.reused && is_repeatable(&request);
    let may_be_left = protocol == Protocol::Http2 && request.body().is_end_stream();
    let replay = (may_be_stale || may_be_left).then(|| head_of(&request));
    let mut sending = std::pin::pin!(lease.sender.send(request));
    progress.moved.set(Instant::now());
    let outcome = loop {
        let deadline = progress.moved.get() + timeouts.response;
        tokio::select! {
            outcome = &mut sending => break outcome,
            () = tokio::time::sleep_until(deadline) => {
                if Instant::now() >= progress.moved.get() + timeouts.response {
                    return Err(Lost::Sent(Refusal::TooSlow));
                }
            }
        }
    };
    outcome.map_err(|mut error| {
        if let Some(unsent) = error.take_message() {
            return Lost::Unsent(Box::new(unsent));
        }
        tracing::debug!(error = %error.error(), "upstream broke off before its answer");
        let may_be_sent_again = match protocol {
            Protocol::Http1 => is_stale(error.error()),
            Protocol::Http2 => is_left(error.error()),
        };
        if let Some(head) = replay
            && may_be_sent_again
        {
            return Lost::Stale(Box::new(head.map(|()| RequestBody::none(progress))));
        }
        Lost::Sent(progress.failure.get().unwrap_or(Refusal::BrokeOff))
    })
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

fn head_of(request: &Request<RequestBody>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    head
}
