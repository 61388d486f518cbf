//! One check of one endpoint, on a connection of its own.

use std::io;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::model::{Check, Health, HttpCheck};
use crate::runtime::Secured;

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

/// Whether an endpoint is well.
pub(super) async fn check(health: &Health, endpoint: &str, secured: Option<&Secured>) -> Result<(), Failed> {
    let attempt = attempt(&health.check, endpoint, secured);
    tokio::time::timeout(health.timeout, attempt)
        .await
        .unwrap_or(Err(Failed::TooSlow))
}

async fn attempt(check: &Check, endpoint: &str, secured: Option<&Secured>) -> Result<(), Failed> {
    let stream = TcpStream::connect(endpoint).await.map_err(Failed::Connect)?;
    match secured {
        None => ask(check, endpoint, stream).await,
        Some(secured) => {
            let stream = secured.shake_hands(stream, endpoint).await;
            ask(check, endpoint, stream.map_err(Failed::Tls)?).await
        }
    }
}

async fn ask(
    check: &Check,
    endpoint: &str,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(), Failed> {
    let HttpCheck { path, host, expect } = match check {
        Check::Tcp => return Ok(()),
        Check::Http(http) => http,
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let host = host.as_ref().map_or(endpoint, |host| host.as_str());
    let request = Request::get(&**path)
        .header(HOST, host)
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, HeaderValue::from_static("close"))
        .body(Empty::<Bytes>::new())?;
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(sender.send_request(request));
    let answer = tokio::select! {
        answer = &mut answer => answer?,
        // What came last is an answer, or the reason why there is none.
        _ = &mut connection => answer.await?,
    };
    if expect.contains(answer.status().as_u16()) {
        Ok(())
    } else {
        Err(Failed::Status(answer.status()))
    }
}
