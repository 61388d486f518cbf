//! Connections that stop being HTTP: bytes both ways until either side ends.

use std::rc::Rc;

use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::body::ResponseBody;
use super::connection::Connection;
use super::fields;
use crate::model::HeaderEdits;

/// Answers 101 to the client and ties both connections together.
///
/// Invariant: no byte of the tunnel goes either way before the upstream's 101 was seen, because only that leads here.
pub(super) fn open(
    connection: &Rc<Connection>,
    client: OnUpgrade,
    mut answer: Response<Incoming>,
    edits: &HeaderEdits,
) -> Response<ResponseBody> {
    let protocol = answer.headers().get(header::UPGRADE).cloned();
    let upstream = hyper::upgrade::on(&mut answer);
    connection.answers.become_tunnel();
    let connection = Rc::clone(connection);
    tokio::task::spawn_local(async move {
        tokio::select! {
            () = join(client, upstream) => {}
            () = connection.cut() => tracing::debug!(client = %connection.peer, "tunnel cut off"),
        }
    });

    let mut headers = std::mem::take(answer.headers_mut());
    fields::strip(&mut headers, Version::HTTP_11);
    fields::pass_through(&mut headers, Version::HTTP_11);
    fields::edit(&mut headers, edits);
    agree(&mut headers, protocol);
    let mut response = Response::new(ResponseBody::full(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = headers;
    response
}

fn agree(headers: &mut HeaderMap, protocol: Option<HeaderValue>) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    if let Some(protocol) = protocol {
        headers.insert(header::UPGRADE, protocol);
    }
}

async fn join(client: OnUpgrade, upstream: OnUpgrade) {
    let (client, upstream) = match tokio::try_join!(client, upstream) {
        Ok(both) => both,
        Err(error) => {
            tracing::debug!(%error, "tunnel was not opened");
            return;
        }
    };
    let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
    if let Err(error) = tokio::io::copy_bidirectional(&mut client, &mut upstream).await {
        tracing::debug!(%error, "tunnel ended");
    }
}
