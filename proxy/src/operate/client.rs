//! One request to an admin listener, and its answer.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use reloadspec_proxy::model::Address;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// What to ask.
#[derive(Debug)]
pub(super) struct Call {
    method: Method,
    path: &'static str,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// No answer came.
#[derive(Debug, thiserror::Error)]
#[error("failed to ask the admin listener at {address}: {reason}")]
pub(super) struct Unreachable {
    address: Address,
    reason: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("{0} (does it run, and does its configuration say `admin`? `--admin` names another address)")]
    Connect(io::Error),
    #[error("{0}")]
    Start(io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("a field has a character that it cannot have")]
    Field(#[from] http::Error),
    #[error("it does not answer")]
    Slow,
    #[error("the answer is not that of an admin listener")]
    Strange,
}

/// A reload of many routes on a busy machine takes less.
const PATIENCE: Duration = Duration::from_secs(60);

// === impl Call ===

impl Call {
    pub(super) fn get(path: &'static str) -> Self {
        Self {
            method: Method::GET,
            path,
            fields: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(super) fn post(path: &'static str, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            body,
            ..Self::get(path)
        }
    }

    pub(super) fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    fn request(self, host: &str) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header("host", host);
        for (name, value) in self.fields {
            request = request.header(HeaderName::from_static(name), HeaderValue::try_from(value)?);
        }
        request.body(Full::new(Bytes::from(self.body)))
    }
}

/// Asks once.
pub(super) fn ask(address: &Address, call: Call) -> Result<Asked, Unreachable> {
    let asked = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Reason::Start)
        .and_then(|runtime| {
            runtime.block_on(async {
                tokio::time::timeout(PATIENCE, connect_and_ask(address, call))
                    .await
                    .unwrap_or(Err(Reason::Slow))
            })
        });
    asked.map_err(|reason| Unreachable {
        address: address.clone(),
        reason,
    })
}

async fn connect_and_ask(address: &Address, call: Call) -> Result<Asked, Reason> {
    match address {
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address).await.map_err(Reason::Connect)?;
            exchange(stream, call.request(&address.to_string())?).await
        }
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(Reason::Connect)?;
            exchange(stream, call.request("localhost")?).await
        }
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
) -> Result<Asked, Reason> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await?.to_bytes();
        let body = serde_json::from_slice(&bytes).map_err(|_| Reason::Strange)?;
        Ok(Asked { status, body })
    };
    let mut answer = std::pin::pin!(answer);
    let mut connection = std::pin::pin!(connection);
    let mut ended = false;
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            // What it read before it ended is still to be taken.
            result = &mut connection, if !ended => {
                result?;
                ended = true;
            }
        }
    }
}
