//! One request, from its head to the head of its answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;

use super::admission::{Admission, Ending};
use super::answers::Answering;
use super::attempts::Deadline;
use super::body::ResponseBody;
use super::connection::Connection;
use super::forward::forward;
use super::grpc;
use super::refusal::{Refusal, plain};
use super::screen::{is_too_large, screen};
use super::snapshot::{Generation, Route, Task};
use crate::model::{HeaderEdits, Limits};

/// What a snapshot says about a request that is to be answered.
struct Decided {
    generation: Arc<Generation>,
    route: Arc<Route>,
    limits: Limits,
}

/// Answers a request.
///
/// All that is kept over an await takes room, and is moved there with each request: so the request has one place, from here to where it is sent, and a connection that
/// answers nothing has none.
pub(super) fn handle(
    connection: Rc<Connection>,
    mut request: Request<Incoming>,
) -> Pin<Box<impl Future<Output = Result<Response<ResponseBody>, Infallible>>>> {
    let busy = connection.state.busy();
    let is_http2 = request.version() == Version::HTTP_2;
    let is_call = grpc::asks(request.headers());
    let decided = decide(&connection, &mut request, is_call).map_err(Box::new);
    let mut request = Some(request);
    Box::pin(async move {
        let (mut response, answering, admission) = match decided {
            Ok(Decided {
                generation,
                route,
                limits,
            }) => {
                let answering = Answering::by(&connection, generation, &route);
                let (answer, admission) = answer(&connection, &route, &mut request, &limits, is_call).await;
                let response = answer.unwrap_or_else(|refusal| {
                    connection.shared.refused(refusal);
                    refusal.response(is_call, &route.response_headers)
                });
                (response, Some(answering), admission)
            }
            Err(response) => (*response, None, None),
        };
        let is_last = connection.is_closing() && response.status() != StatusCode::SWITCHING_PROTOCOLS;
        if is_http2 {
            // The end of a connection is announced by GOAWAY, and one refused request is not that of the others.
            response.headers_mut().remove(header::CONNECTION);
        } else if is_last {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        connection.answered.count(response.status());
        response.body_mut().keep_until_sent(busy, answering, admission);
        Ok(response)
    })
}

/// Everything that the configuration has to say about a request.
///
/// Invariant: the snapshot is loaded here, once, and let go before anything is awaited.
#[expect(
    clippy::result_large_err,
    reason = "what is good about it is no smaller, and both are passed on at once"
)]
fn decide(
    connection: &Connection,
    request: &mut Request<Incoming>,
    is_call: bool,
) -> Result<Decided, Response<ResponseBody>> {
    let snapshot = connection.shared.current.load();
    let refuse = |refusal: Refusal| {
        connection.shared.refused(refusal);
        refusal.response(is_call, &snapshot.response_headers)
    };
    let host = screen(request, &snapshot.limits).map_err(refuse)?;
    if let Some(answer) = connection.shared.issuance.answer(request.uri().path()) {
        return Err(plain(StatusCode::OK, answer, &HeaderEdits::default()));
    }
    let table = match snapshot.open(&connection.local) {
        Some(open) if open.rules() == connection.rules => {
            if !open.admits(connection.rules, connection.protocol.get()) {
                connection.state.announce_close();
            }
            &open.table
        }
        // The listener asks something else of its clients now, and has not asked this one.
        Some(_) => {
            connection.state.announce_close();
            return Err(refuse(Refusal::Misdirected));
        }
        // The listener is gone: this answer is still given, and it is the last.
        None => {
            connection.state.announce_close();
            &snapshot.orphans
        }
    };
    let route = table
        .find(&host, request.uri().path())
        .ok_or_else(|| refuse(Refusal::NoRoute))?;
    let limits = Limits {
        body_bytes: route.definition.body_bytes.or(snapshot.limits.body_bytes),
        ..snapshot.limits
    };
    if is_too_large(request.body(), &limits) {
        connection.shared.refused(Refusal::BodyTooLarge);
        return Err(Refusal::BodyTooLarge.response(is_call, &route.response_headers));
    }
    Ok(Decided {
        generation: Arc::clone(&snapshot.generation),
        route: Arc::clone(route),
        limits,
    })
}

/// What an answer says of the upstream that it was to come from.
fn ending(answer: &Result<Response<ResponseBody>, Refusal>) -> Ending {
    match answer {
        Ok(response) if response.status().is_server_error() => Ending::Failed,
        Ok(_) => Ending::Good,
        Err(Refusal::Unreachable | Refusal::BrokeOff | Refusal::TooSlow) => Ending::Failed,
        Err(_) => Ending::Open,
    }
}

/// What a route answers to a request that it lets in, and that it was let in, which counts until all is sent.
async fn answer(
    connection: &Rc<Connection>,
    route: &Arc<Route>,
    request: &mut Option<Request<Incoming>>,
    limits: &Limits,
    is_call: bool,
) -> (Result<Response<ResponseBody>, Refusal>, Option<Rc<Admission>>) {
    let Some(headers) = request.as_ref().map(Request::headers) else {
        return (Err(Refusal::BadBody), None);
    };
    let deadline = Deadline::of(&route.definition.attempts, headers, is_call);
    let admitted = route.entry.admit(connection.peer.ip(), headers);
    let admitted = Deadline::wait(deadline, admitted, Refusal::Crowded).await;
    let admission = match admitted.flatten() {
        Ok(admission) => Rc::new(admission),
        Err(refusal) => return (Err(refusal), None),
    };
    let answer = match &route.task {
        Task::Forward(upstream) => {
            match Deadline::wait(deadline, upstream.ready(), Refusal::NoEndpoint).await {
                Ok(upstream) => {
                    forward(
                        connection, &admission, route, &upstream, request, limits, deadline,
                    )
                    .await
                }
                Err(refusal) => Err(refusal),
            }
        }
        Task::Respond(status, body) => Ok(plain(*status, body.clone(), &route.response_headers)),
        Task::Redirect(status, location) => {
            let body = format!("{status}\n");
            let mut response = plain(*status, body.into(), &route.response_headers);
            response.headers_mut().insert(header::LOCATION, location.clone());
            Ok(response)
        }
    };
    admission.tell(ending(&answer));
    (answer, Some(admission))
}
