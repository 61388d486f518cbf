//! One request to an upstream, and its answer back.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body, Incoming};

use super::admission::Admission;
use super::affinity::{Wanted, set_cookie};
use super::attempts::{Call, Deadline};
use super::body::{Progress, RequestBody, ResponseBody};
use super::connection::Connection;
use super::fields;
use super::refusal::Refusal;
use super::snapshot::Route;
use super::tunnel;
use super::upstream::Upstream;
use crate::model::{Limits, Protocol};

/// A request as it goes to an upstream, and what is to be known of it afterwards.
struct Forwarded {
    request: Request<RequestBody>,
    progress: Rc<Progress>,
    wanted: Wanted,
    /// Whether the client wants to change to another protocol, and may.
    may_be_tunnel: bool,
}

/// Forwards a request and returns the answer, edited as the route says.
pub(super) async fn forward(
    connection: &Rc<Connection>,
    admission: &Rc<Admission>,
    route: &Route,
    upstream: &Arc<Upstream>,
    request: &mut Option<Request<Incoming>>,
    limits: &Limits,
    deadline: Option<Deadline>,
) -> Result<Response<ResponseBody>, Refusal> {
    let timeouts = upstream.definition.timeouts;
    let request = request.take().ok_or(Refusal::BadBody)?;
    let Forwarded {
        request,
        progress,
        wanted,
        may_be_tunnel,
    } = prepare(request, connection, route, upstream, limits);
    let call = Call {
        connection,
        upstream,
        rules: &route.definition.attempts,
        timeouts,
        progress: &progress,
        wanted,
        deadline,
        may_be_tunnel,
        trying: Cell::new(None),
    };
    let (mut response, lease, taken) = {
        let outgoing = call.outgoing(request);
        call.send(&outgoing).await?
    };
    // From here on, silence is the business of whoever answers.
    progress.is_answered.set(true);

    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if !may_be_tunnel {
            return Err(Refusal::BrokeOff);
        }
        return Ok(tunnel::open(
            connection,
            admission,
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

fn prepare(
    mut request: Request<Incoming>,
    connection: &Connection,
    route: &Route,
    upstream: &Upstream,
    limits: &Limits,
) -> Forwarded {
    let wanted = Wanted::of(upstream, request.headers(), connection.peer.ip());
    let version = request.version();
    let wishes = fields::strip(request.headers_mut(), version);
    let protocol = upstream.definition.protocol;
    let upgrade = wishes.upgrade.filter(|wish| {
        // By HTTP/2 an upstream cannot change to anything else.
        protocol == Protocol::Http1 && request.body().is_end_stream() && !is_http2(wish)
    });
    redirect(&mut request, connection, route);
    connect_fields(request.headers_mut(), protocol, upgrade.as_ref(), wishes.trailers);
    frame(&mut request, protocol);
    let (request, progress) = streamed(request, limits);
    Forwarded {
        request,
        progress,
        wanted,
        may_be_tunnel: upgrade.is_some(),
    }
}

/// An upgrade to HTTP/2 would hide requests from the proxy.
fn is_http2(protocol: &HeaderValue) -> bool {
    protocol
        .as_bytes()
        .to_ascii_lowercase()
        .windows(3)
        .any(|three| three == b"h2c")
}

/// Has it lead to the upstream, and say where it came from.
fn redirect(request: &mut Request<Incoming>, connection: &Connection, route: &Route) {
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
    fields::introduce(request.headers_mut(), version, connection.client.as_ref(), is_tls);
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

/// A body of unknown length says so by HTTP/1.1, also one of a method that has none mostly: hyper would leave it out.
fn frame(request: &mut Request<Incoming>, protocol: Protocol) {
    let is_framed = |headers: &HeaderMap| {
        headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING)
    };
    if protocol == Protocol::Http1 && !request.body().is_end_stream() && !is_framed(request.headers()) {
        let chunked = HeaderValue::from_static("chunked");
        request.headers_mut().insert(header::TRANSFER_ENCODING, chunked);
    }
}

fn streamed(request: Request<Incoming>, limits: &Limits) -> (Request<RequestBody>, Rc<Progress>) {
    let (parts, body) = request.into_parts();
    let (body, progress) = RequestBody::new(body, limits.body_read_timeout, limits.body_bytes);
    (Request::from_parts(parts, body), progress)
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
