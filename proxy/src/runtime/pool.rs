//! A worker's own connections to upstreams.
//!
//! Connections are kept by what the endpoint is known by, not by configuration: an endpoint that a new configuration still has keeps them. Those by TLS are kept by
//! the rules of their handshake too: who is not trusted any more is not sent anything. By HTTP/1.1 a connection is one request's at a time; by HTTP/2 many share one, and
//! another is opened only where all have as many as the other side takes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::body::RequestBody;
use super::multiplexed::{Many, Open, Share};
use super::secured::{CLEAR, Secured};
use super::upstream::Member;
use crate::model::Protocol;

/// Connections by the rules of their handshake and by endpoint.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// Of HTTP/1.1, those that are idle.
    idle: RefCell<HashMap<u64, ByEndpoint<Vec<Idle>>>>,
    /// Of HTTP/2, all.
    open: RefCell<HashMap<u64, ByEndpoint<Rc<Open>>>>,
}

type ByEndpoint<T> = HashMap<Arc<str>, T>;

/// Where a connection leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) endpoint: &'a Member,
    /// What shakes hands there; nothing if it is spoken to in the clear.
    pub(super) secured: Option<&'a Secured>,
    pub(super) protocol: Protocol,
}

#[derive(Debug)]
struct Idle {
    sender: http1::SendRequest<RequestBody>,
    since: Instant,
}

/// What sends a request.
#[derive(Debug)]
pub(super) enum Sender {
    Http1(http1::SendRequest<RequestBody>),
    Http2(Share),
}

/// A connection in use. Of HTTP/1.1 it is closed where this is dropped; given back, it waits for the next request.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) sender: Sender,
    /// Whether it has served before: then the other side may have closed it just now.
    pub(super) reused: bool,
    endpoint: Arc<str>,
    rules: u64,
    pool: Weak<Pool>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("failed to connect: {0}")]
    Connect(#[source] io::Error),
    #[error("no TLS: {0}")]
    Tls(#[source] io::Error),
    #[error("failed to connect in time")]
    TooSlow,
    #[error("failed to begin HTTP: {0}")]
    Handshake(#[source] hyper::Error),
    #[error("it does not speak HTTP/2: its TLS did not choose `h2`")]
    OtherProtocol,
}

/// Idle connections that one endpoint keeps on one worker.
pub(super) const IDLE_LIMIT: usize = 256;
/// Shorter than what common servers wait for a next request, so that it is us who close.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

async fn open(goal: Goal<'_>) -> Result<Opened, ConnectError> {
    let stream = TcpStream::connect(goal.endpoint.address)
        .await
        .map_err(ConnectError::Connect)?;
    // Small pieces of a stream should not wait for more. A socket that refuses the option works without it.
    let _ = stream.set_nodelay(true);
    match goal.secured {
        None => begin(stream, goal).await,
        Some(secured) => {
            let stream = secured.shake_hands(stream, &goal.endpoint.authority).await;
            let stream = stream.map_err(ConnectError::Tls)?;
            let chosen = stream.get_ref().1.alpn_protocol();
            if goal.protocol == Protocol::Http2 && chosen != Some(Protocol::Http2.alpn()) {
                return Err(ConnectError::OtherProtocol);
            }
            begin(stream, goal).await
        }
    }
}

enum Opened {
    Http1(http1::SendRequest<RequestBody>),
    Http2(Many),
}

/// Speaks HTTP over a connection, in a task of its own.
async fn begin(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    goal: Goal<'_>,
) -> Result<Opened, ConnectError> {
    let address = Arc::clone(&goal.endpoint.key);
    let ended = move |result: hyper::Result<()>| {
        if let Err(error) = result {
            tracing::debug!(upstream = %address, %error, "upstream connection ended");
        }
    };
    let io = TokioIo::new(stream);
    match goal.protocol {
        Protocol::Http1 => {
            let (sender, connection) = http1::handshake(io).await.map_err(ConnectError::Handshake)?;
            tokio::task::spawn_local(async move { ended(connection.with_upgrades().await) });
            Ok(Opened::Http1(sender))
        }
        Protocol::Http2 => {
            let (many, connection) = Many::begin(io).await.map_err(ConnectError::Handshake)?;
            tokio::task::spawn_local(async move { ended(connection.await) });
            Ok(Opened::Http2(many))
        }
    }
}

// === impl Goal ===

impl Goal<'_> {
    fn rules(self) -> u64 {
        self.secured.map_or(CLEAR, |secured| secured.number)
    }
}

// === impl Pool ===

impl Pool {
    /// A connection that served before and seems alive.
    pub(super) fn reuse(self: &Rc<Self>, goal: Goal<'_>) -> Option<Lease> {
        if goal.protocol == Protocol::Http2 {
            let open = self.open.borrow();
            let many = open.get(&goal.rules())?.get(&goal.endpoint.key)?.find()?;
            return Some(self.lease(goal, Sender::Http2(many.share()), true));
        }
        let mut idle = self.idle.borrow_mut();
        let kept = idle.get_mut(&goal.rules())?.get_mut(&goal.endpoint.key)?;
        while let Some(candidate) = kept.pop() {
            if candidate.sender.is_ready() && candidate.since.elapsed() < IDLE_TIMEOUT {
                return Some(self.lease(goal, Sender::Http1(candidate.sender), true));
            }
        }
        None
    }

    fn lease(self: &Rc<Self>, goal: Goal<'_>, sender: Sender, reused: bool) -> Lease {
        Lease {
            sender,
            reused,
            endpoint: Arc::clone(&goal.endpoint.key),
            rules: goal.rules(),
            pool: Rc::downgrade(self),
        }
    }

    /// A new connection, or one of HTTP/2 that somebody else has opened meanwhile.
    pub(super) async fn connect(
        self: &Rc<Self>,
        goal: Goal<'_>,
        patience: Duration,
    ) -> Result<Lease, ConnectError> {
        let connected = async {
            let place = (goal.protocol == Protocol::Http2).then(|| self.place(goal));
            let opening = match &place {
                Some(place) => Some(place.wait_for_turn().await),
                None => None,
            };
            if opening.is_some()
                && let Some(lease) = self.reuse(goal)
            {
                return Ok(lease);
            }
            let sender = match (open(goal).await?, &place) {
                (Opened::Http2(many), Some(place)) => {
                    let share = many.share();
                    place.add(many);
                    Sender::Http2(share)
                }
                (Opened::Http2(many), None) => Sender::Http2(many.share()),
                (Opened::Http1(sender), _) => Sender::Http1(sender),
            };
            Ok(self.lease(goal, sender, false))
        };
        tokio::time::timeout(patience, connected)
            .await
            .map_err(|_| ConnectError::TooSlow)?
    }

    /// Where the connections of HTTP/2 to an endpoint are.
    fn place(&self, goal: Goal<'_>) -> Rc<Open> {
        let mut open = self.open.borrow_mut();
        let by_endpoint = open.entry(goal.rules()).or_default();
        Rc::clone(by_endpoint.entry(Arc::clone(&goal.endpoint.key)).or_default())
    }

    /// Closes what has been idle for too long.
    pub(super) fn sweep(&self) {
        self.idle.borrow_mut().retain(|_, endpoints| {
            endpoints.retain(|_, kept| {
                kept.retain(|idle| !idle.sender.is_closed() && idle.since.elapsed() < IDLE_TIMEOUT);
                !kept.is_empty()
            });
            !endpoints.is_empty()
        });
        self.open.borrow_mut().retain(|_, endpoints| {
            // Somebody may be opening one.
            endpoints.retain(|_, open| open.sweep() || Rc::strong_count(open) > 1);
            !endpoints.is_empty()
        });
    }

    fn keep(&self, rules: u64, endpoint: Arc<str>, sender: http1::SendRequest<RequestBody>) {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.entry(rules).or_default().entry(endpoint).or_default();
        if kept.len() < IDLE_LIMIT {
            kept.push(Idle {
                sender,
                since: Instant::now(),
            });
        }
    }
}

// === impl Lease ===

impl Lease {
    pub(super) fn protocol(&self) -> Protocol {
        match self.sender {
            Sender::Http1(_) => Protocol::Http1,
            Sender::Http2(_) => Protocol::Http2,
        }
    }

    /// Puts the connection back once it can take another request, which it cannot while the request's body still flows. One that many share
    /// is there all the time.
    pub(super) fn give_back(self) {
        let Self {
            sender: Sender::Http1(mut sender),
            endpoint,
            rules,
            pool,
            reused: _,
        } = self
        else {
            return;
        };
        let Some(pool) = pool.upgrade() else { return };
        if sender.is_ready() {
            pool.keep(rules, endpoint, sender);
            return;
        }
        tokio::task::spawn_local(async move {
            if sender.ready().await.is_ok() {
                pool.keep(rules, endpoint, sender);
            }
        });
    }
}

// === impl Sender ===

impl Sender {
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        match self {
            Self::Http1(sender) => sender.try_send_request(request).await,
            Self::Http2(share) => share.send(request).await,
        }
    }
}
