//! One check of one endpoint, on a connection of its own.

use std::io;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue, USER_AGENT};
use http::uri::Scheme;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Job;
use crate::model::{Check, HttpCheck, Protocol};

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("no connection: {0}")]
    Connect(#[source] io::Error),
    #[error("no TLS: {0}")]
    Tls(#[source] io::Error),
    #[error("no answer: {0}")]
    Http(#[from] hyper::Error),
    #[error("it cannot be asked: {0}")]
    Request(#[from] http::Error),
    #[error("the answer was {0}")]
    Status(StatusCode),
    #[error("it took too long")]
    TooSlow,
}

/// How checks call themselves.
const AGENT: HeaderValue = HeaderValue::from_static("reloadspec-proxy health check");

const NOTHING: Empty<Bytes> = Empty::new();

/// Whether an endpoint is well.
pub(super) async fn check(job: &Job) -> Result<(), Failed> {
    tokio::time::timeout(job.health.timeout, attempt(job))
        .await
        .unwrap_or(Err(Failed::TooSlow))
}

async fn attempt(job: &Job) -> Result<(), Failed> {
    let stream = TcpStream::connect(job.address).await.map_err(Failed::Connect)?;
    match &job.secured {
        None => ask(job, stream).await,
        Some(secured) => {
            let stream = secured.shake_hands(stream, &job.authority).await;
            ask(job, stream.map_err(Failed::Tls)?).await
        }
    }
}

async fn ask(
    job: &Job,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(), Failed> {
    let HttpCheck { path, host, expect } = match &job.health.check {
        Check::Tcp => return Ok(()),
        Check::Http(http) => http,
    };
    let host = host.as_ref().map_or(&*job.authority, |host| host.as_str());
    let request = Request::get(&**path).header(USER_AGENT, AGENT);
    let io = TokioIo::new(stream);
    let answer = match job.protocol {
        Protocol::Http1 => {
            let request = request
                .header(HOST, host)
                .header(CONNECTION, HeaderValue::from_static("close"));
            let (mut sender, connection) = http1::handshake(io).await?;
            answer(sender.send_request(request.body(NOTHING)?), connection).await?
        }
        Protocol::Http2 => {
            let target = Uri::builder().scheme(Scheme::HTTP).authority(host);
            let request = request.uri(target.path_and_query(&**path).build()?);
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            answer(sender.send_request(request.body(NOTHING)?), connection).await?
        }
    };
    if expect.contains(answer.status().as_u16()) {
        Ok(())
    } else {
        Err(Failed::Status(answer.status()))
    }
}

/// The answer to a request, while its connection is served.
async fn answer(
    answer: impl Future<Output = hyper::Result<Response<Incoming>>>,
    connection: impl Future<Output = hyper::Result<()>>,
) -> hyper::Result<Response<Incoming>> {
    let mut answer = std::pin::pin!(answer);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut answer => answer,
        // What came last is an answer, or the reason why there is none.
        _ = &mut connection => answer.await,
    }
}
