//! One request to a collector, on a connection of its own.
//!
//! In: a request by its whole URL. Out: the answer, or why there is none. It follows no redirect, asks no proxy, and speaks no TLS. Time is kept by who calls.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::net::TcpStream;

/// Sends requests.
#[derive(Debug)]
pub(super) struct Client(Failure);

/// Why the last request failed.
#[derive(Debug, Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<String>>>);

/// A URL that says of no host.
#[derive(Debug, thiserror::Error)]
#[error("the URL has no host")]
struct NoHost;

/// No answer of a collector is longer than a few lines.
const ANSWER_BYTES: usize = 64 * 1024;
const PORT: u16 = 80;

// === impl Failure ===

impl Failure {
    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, reason: &dyn fmt::Display) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_string());
    }
}

// === impl Client ===

impl Client {
    pub(super) fn new(failure: Failure) -> Self {
        Self(failure)
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let Self(failure) = self;
        match exchange(request).await {
            Ok(response) if !response.status().is_success() => {
                failure.put(&format_args!("the collector answered {}", response.status()));
                Ok(response)
            }
            Ok(response) => Ok(response),
            Err(error) => {
                failure.put(&error);
                Err(error)
            }
        }
    }
}

async fn exchange(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().ok_or(NoHost)?.clone();
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(PORT))).await?;
    head.headers
        .insert(HOST, HeaderValue::from_str(authority.as_str())?);
    let path = head.uri.path_and_query().cloned();
    head.uri = path.map_or_else(|| Uri::from_static("/"), Uri::from);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async move {
        let request = Request::from_parts(head, Full::new(body));
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    tokio::pin!(answer, connection);
    // The connection makes the answer come about, and may end before the answer is taken.
    tokio::select! {
        answer = &mut answer => answer,
        ended = &mut connection => {
            ended?;
            answer.await
        }
    }
}
