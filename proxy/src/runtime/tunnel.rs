//! Connections that stop being HTTP: bytes both ways until either side ends.

use std::rc::Rc;

use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::admission::Admission;
use super::body::ResponseBody;
use super::connection::Connection;
use super::endpoint::Load;
use super::fields;
use super::wire::Wire;
use crate::model::HeaderEdits;

/// What a client connection is tied to as soon as it has its 101.
#[derive(Debug)]
pub(super) struct Tunnel {
    upstream: OnUpgrade,
    admission: Rc<Admission>,
    /// It counts as a request of its endpoint as long as it lives.
    load: Load,
}

/// Answers 101 to the client. Both connections are tied together as soon as that is sent, by [`Tunnel::run`].
///
/// Invariant: no byte of the tunnel goes either way before the upstream's 101 was seen, because only that leads here.
pub(super) fn open(
    connection: &Connection,
    admission: &Rc<Admission>,
    mut answer: Response<Incoming>,
    edits: &HeaderEdits,
    load: Load,
) -> Response<ResponseBody> {
    let protocol = answer.headers().get(header::UPGRADE).cloned();
    let upstream = hyper::upgrade::on(&mut answer);
    connection.answers.become_tunnel();
    connection.tunnel.replace(Some(Tunnel {
        upstream,
        admission: Rc::clone(admission),
        load,
    }));

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

// === impl Tunnel ===

impl Tunnel {
    /// Passes bytes both ways. What the client sent along with its request, it is given to be read again.
    pub(super) async fn run(self, connection: &Connection, client: Wire) {
        let Self {
            upstream,
            admission: _admission,
            load: _load,
        } = self;
        tokio::select! {
            () = join(client, upstream) => {}
            () = connection.cut() => tracing::debug!(client = %connection.peer, "tunnel cut off"),
        }
    }
}

async fn join(mut client: Wire, upstream: OnUpgrade) {
    let mut upstream = match upstream.await {
        Ok(upstream) => TokioIo::new(upstream),
        Err(error) => {
            tracing::debug!(%error, "tunnel was not opened");
            return;
        }
    };
    if let Err(error) = tokio::io::copy_bidirectional(&mut client, &mut upstream).await {
        tracing::debug!(%error, "tunnel ended");
    }
}
