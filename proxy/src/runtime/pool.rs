//! A worker's own connections to upstreams.
//!
//! Connections are kept by what is known of the endpoint, not by configuration: an endpoint that a new configuration still has keeps them. Those by TLS are kept by
//! the rules of their handshake too: who is not trusted any more is not sent anything. By HTTP/1.1 a connection is one request's at a time; by HTTP/2 many share one, and
//! another is opened only where all have as many as the other side takes. The rules for keeping them are those of the configuration that serves, for those that are open too.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::either::Either;

use super::body::RequestBody;
use super::kept::{Idle, Kept};
use super::life::Life;
use super::multiplexed::{Many, Share};
use super::secured::{CLEAR, Secured};
use super::shards::Index;
use super::upstream::{Member, Upstream};
use super::{Snapshot, Stream};
use crate::model::{self, Protocol};

/// Connections by the rules of their handshake and by endpoint, known by where its state is.
#[derive(Debug, Default)]
pub(super) struct Pool(RefCell<Index<(u64, usize), Rc<Kept>>>);

/// Where a connection leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) endpoint: &'a Member,
    /// What shakes hands there; nothing if it is spoken to in the clear.
    pub(super) secured: Option<&'a Secured>,
    pub(super) protocol: Protocol,
    upstream: &'a model::Upstream,
}

/// What sends a request.
#[derive(Debug)]
pub(super) enum Sender {
    Http1(http1::SendRequest<RequestBody>, Rc<Life>),
    Http2(Share),
}

/// A connection in use. Of HTTP/1.1 it is closed where this is dropped; given back, it waits for the next request.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) sender: Sender,
    /// Whether it has served before: then the other side may have closed it just now.
    pub(super) reused: bool,
    kept: Rc<Kept>,
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

async fn open(goal: Goal<'_>) -> Result<Opened, ConnectError> {
    let stream = TcpStream::connect(goal.endpoint.address)
        .await
        .map_err(ConnectError::Connect)?;
    // Small pieces of a stream should not wait for more. A socket that refuses the option works without it.
    let _ = stream.set_nodelay(true);
    match goal.secured {
        None => begin(Stream::Tcp(stream), goal).await,
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
    Http1(http1::SendRequest<RequestBody>, Rc<Life>),
    Http2(Many),
}

/// Speaks HTTP over a connection, in a task of its own.
async fn begin(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    goal: Goal<'_>,
) -> Result<Opened, ConnectError> {
    let endpoint = Arc::clone(&goal.endpoint.key);
    let ended = move |result: hyper::Result<()>| {
        if let Err(error) = result {
            tracing::debug!(%endpoint, %error, "upstream connection ended");
        }
    };
    let io = TokioIo::new(stream);
    match goal.protocol {
        Protocol::Http1 => {
            let (sender, connection) = http1::handshake(io).await.map_err(ConnectError::Handshake)?;
            let (life, counted) = Life::begin(&goal.endpoint.state);
            tokio::task::spawn_local(async move {
                ended(connection.with_upgrades().await);
                drop(counted);
            });
            Ok(Opened::Http1(sender, life))
        }
        Protocol::Http2 => {
            let (life, counted) = Life::begin(&goal.endpoint.state);
            let begun = Many::begin(io, life).await;
            let (many, connection) = begun.map_err(ConnectError::Handshake)?;
            tokio::task::spawn_local(async move {
                ended(connection.await);
                drop(counted);
            });
            Ok(Opened::Http2(many))
        }
    }
}

// === impl Goal ===

impl<'a> Goal<'a> {
    /// One endpoint of an upstream, by its place.
    pub(super) fn of(upstream: &'a Upstream, index: usize) -> Self {
        Self {
            endpoint: &upstream.members[index],
            secured: upstream.secured.as_deref(),
            protocol: upstream.definition.protocol,
            upstream: &upstream.definition,
        }
    }

    /// How many of its connections may be there that end as soon as they are used.
    pub(super) fn kept(self) -> usize {
        match self.protocol {
            Protocol::Http1 => self.upstream.pool.max_idle as usize,
            Protocol::Http2 => 1,
        }
    }
}

// === impl Pool ===

impl Pool {
    /// What is kept of the connections to an endpoint.
    fn of(&self, goal: Goal<'_>) -> Rc<Kept> {
        let rules = goal.secured.map_or(CLEAR, |secured| secured.number);
        let state = &goal.endpoint.state;
        let mut all = self.0.borrow_mut();
        let kept = all
            .entry((rules, Arc::as_ptr(state).addr()))
            .or_insert_with(|| Kept::new(&goal.upstream.name, state, rules));
        kept.pool.set(goal.upstream.pool);
        Rc::clone(kept)
    }

    /// A connection that served before and seems alive.
    pub(super) fn reuse(&self, goal: Goal<'_>) -> Option<Lease> {
        Self::again(&self.of(goal), goal.protocol)
    }

    fn again(kept: &Rc<Kept>, protocol: Protocol) -> Option<Lease> {
        let sender = match protocol {
            Protocol::Http1 => {
                let Idle { sender, life, .. } = kept.take()?;
                Sender::Http1(sender, life)
            }
            Protocol::Http2 => Sender::Http2(kept.open.find()?.share()),
        };
        Some(Lease {
            sender,
            reused: true,
            kept: Rc::clone(kept),
        })
    }

    /// A new connection, or one of HTTP/2 that somebody else has opened meanwhile.
    pub(super) async fn connect(&self, goal: Goal<'_>, patience: Duration) -> Result<Lease, ConnectError> {
        let kept = self.of(goal);
        let connected = async {
            let opening = match goal.protocol {
                Protocol::Http2 => Some(kept.open.wait_for_turn().await),
                Protocol::Http1 => None,
            };
            if opening.is_some()
                && let Some(lease) = Self::again(&kept, goal.protocol)
            {
                return Ok(lease);
            }
            let sender = match open(goal).await? {
                Opened::Http2(many) => {
                    let share = many.share();
                    kept.open.add(many);
                    Sender::Http2(share)
                }
                Opened::Http1(sender, life) => Sender::Http1(sender, life),
            };
            Ok(Lease {
                sender,
                reused: false,
                kept: Rc::clone(&kept),
            })
        };
        tokio::time::timeout(patience, connected)
            .await
            .map_err(|_| ConnectError::TooSlow)?
    }

    /// Closes what is not to be kept any longer, by the rules of what serves.
    pub(super) fn sweep(&self, snapshot: &Snapshot) {
        let now = Instant::now();
        self.0.borrow_mut().retain(|_, kept| {
            let upstream = snapshot.upstreams.get(&kept.upstream).map(|one| one.now());
            let is_wanted = upstream.as_ref().is_some_and(|upstream| {
                let rules = upstream.secured.as_ref().map_or(CLEAR, |secured| secured.number);
                let is_its = |member: &Member| Arc::ptr_eq(&member.state, &kept.state);
                rules == kept.rules && upstream.members.iter().any(is_its)
            });
            match upstream.filter(|_| is_wanted) {
                Some(upstream) => {
                    let model::Upstream { pool, protocol, .. } = &*upstream.definition;
                    kept.sweep(now, *pool, *protocol);
                }
                None => kept.leave(),
            }
            is_wanted
        });
    }
}

// === impl Lease ===

impl Lease {
    pub(super) fn protocol(&self) -> Protocol {
        match self.sender {
            Sender::Http1(..) => Protocol::Http1,
            Sender::Http2(_) => Protocol::Http2,
        }
    }

    /// Puts the connection back once it can take another request, which it cannot while the request's body still flows. One that many share
    /// is there all the time.
    pub(super) fn give_back(self) {
        let Self {
            sender: Sender::Http1(mut sender, life),
            kept,
            reused: _,
        } = self
        else {
            return;
        };
        if sender.is_ready() {
            kept.keep(sender, life);
            return;
        }
        tokio::task::spawn_local(async move {
            if sender.ready().await.is_ok() {
                kept.keep(sender, life);
            }
        });
    }
}

// === impl Sender ===

impl Sender {
    pub(super) fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> + use<> {
        match self {
            Self::Http1(sender, _) => Either::Left(sender.try_send_request(request)),
            Self::Http2(share) => Either::Right(share.send(request)),
        }
    }
}
