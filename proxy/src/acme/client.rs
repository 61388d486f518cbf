//! One request to an authority, on a connection of its own. It follows no redirect, and asks no proxy.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use tokio::net::TcpStream;

use crate::runtime::Secured;

/// Sends requests to an authority that has to show a certificate by these rules.
#[derive(Debug, Clone)]
pub(super) struct Client(pub(super) Arc<Secured>);

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// From the connection to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A chain of certificates is far shorter.
const ANSWER_BYTES: usize = 1024 * 1024;
const PORT: u16 = 443;
const LONGEST_PAUSE_SECONDS: u64 = 24 * 3600;

// === impl Client ===

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let Self(secured) = self.clone();
        Box::pin(async move {
            let answer = tokio::time::timeout(TIMEOUT, exchange(&secured, request)).await;
            match answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut).into()) {
                Ok(Ok(mut response)) => {
                    limit_retry_after(response.headers_mut());
                    Ok(response.into())
                }
                Ok(Err(error)) | Err(error) => Err(Error::Other(error)),
            }
        })
    }
}

/// A pause that is longer than any that makes sense would not fit into a time.
fn limit_retry_after(fields: &mut HeaderMap) {
    let seconds = fields
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    if seconds.is_some_and(|seconds| seconds > LONGEST_PAUSE_SECONDS) {
        fields.remove(RETRY_AFTER);
    }
}

async fn exchange(
    secured: &Secured,
    request: Request<BodyWrapper<Bytes>>,
) -> Result<Response<Full<Bytes>>, Failed> {
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().ok_or("the URL has no host")?.clone();
    if head.uri.scheme_str() != Some("https") {
        return Err("the URL is not of HTTPS".into());
    }
    let (host, port) = (authority.host(), authority.port_u16().unwrap_or(PORT));
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let stream = secured.shake_hands(stream, &format!("{host}:{port}")).await?;
    head.headers
        .insert(HOST, HeaderValue::from_str(authority.as_str())?);
    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let path = head.uri.path_and_query().cloned();
    head.uri = path.map_or_else(|| Uri::from_static("/"), Uri::from);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async move {
        let (head, body) = sender
            .send_request(Request::from_parts(head, body))
            .await?
            .into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await?.to_bytes();
        Ok(Response::from_parts(head, Full::new(body)))
    };
    tokio::pin!(answer, connection);
    // The connection makes the answer come about, and may end before the answer is taken.
    tokio::select! {
        answer = &mut answer => answer,
        _ = &mut connection => answer.await,
    }
}
