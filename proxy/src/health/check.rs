//! One check of one endpoint, on a connection of its own.

use std::io;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, TE, USER_AGENT};
use http::uri::{Authority, Scheme};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{Job, grpc};
use crate::model::{Check, GrpcCheck, HttpCheck, Protocol};

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
    #[error("the answer broke off: {0}")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(transparent)]
    Grpc(#[from] grpc::Unfit),
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

async fn ask(job: &Job, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<(), Failed> {
    match &job.health.check {
        Check::Tcp => Ok(()),
        Check::Http(check) => ask_http(job, check, TokioIo::new(stream)).await,
        Check::Grpc(check) => ask_grpc(job, check, TokioIo::new(stream)).await,
    }
}

async fn ask_http<I>(job: &Job, HttpCheck { path, host, expect }: &HttpCheck, io: I) -> Result<(), Failed>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let request = Request::get(&**path).header(USER_AGENT, AGENT);
    let answer = match job.protocol {
        Protocol::Http1 => {
            let host = host.as_ref().map_or(&*job.authority, |host| host.as_str());
            let request = request
                .header(HOST, host)
                .header(CONNECTION, HeaderValue::from_static("close"));
            let (mut sender, connection) = http1::handshake(io).await?;
            driven(sender.send_request(request.body(NOTHING)?), connection).await?
        }
        Protocol::Http2 => {
            let request = request.uri(target(job, host.as_ref(), path)?);
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            driven(sender.send_request(request.body(NOTHING)?), connection).await?
        }
    };
    if expect.contains(answer.status().as_u16()) {
        Ok(())
    } else {
        Err(Failed::Status(answer.status()))
    }
}

async fn ask_grpc<I>(job: &Job, GrpcCheck { service, host }: &GrpcCheck, io: I) -> Result<(), Failed>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let request = Request::post(target(job, host.as_ref(), grpc::PATH)?)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, HeaderValue::from_static("application/grpc"))
        .header(TE, HeaderValue::from_static("trailers"))
        // A day, the longest time-out, is of as many digits as there may be.
        .header("grpc-timeout", format!("{}m", job.health.timeout.as_millis()));
    let request = request.body(Full::new(grpc::question(service)))?;
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        if head.status != StatusCode::OK {
            return Err(Failed::Status(head.status));
        }
        let body = Limited::new(body, grpc::ANSWER_BYTES).collect().await;
        let body = body.map_err(Failed::Body)?;
        let trailers = body.trailers().cloned();
        Ok(grpc::judge(&head.headers, &body.to_bytes(), trailers.as_ref())?)
    };
    driven(exchange, connection).await
}

/// What a request of HTTP/2 is for.
fn target(job: &Job, host: Option<&Authority>, path: &str) -> Result<Uri, http::Error> {
    let scheme = if job.secured.is_some() {
        Scheme::HTTPS
    } else {
        Scheme::HTTP
    };
    let host = host.map_or(&*job.authority, |host| host.as_str());
    let target = Uri::builder().scheme(scheme).authority(host);
    target.path_and_query(path).build()
}

/// What comes of an exchange, while its connection is served.
async fn driven<T>(
    exchange: impl Future<Output = T>,
    connection: impl Future<Output = hyper::Result<()>>,
) -> T {
    let mut exchange = std::pin::pin!(exchange);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        done = &mut exchange => done,
        // What came last is an answer, or the reason why there is none.
        _ = &mut connection => exchange.await,
    }
}
