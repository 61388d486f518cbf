//! A worker's own connections to upstreams.
//!
//! Connections are kept by the endpoint's address, not by configuration: an endpoint that a new configuration still has keeps them. Those by TLS are kept by
//! the rules of their handshake too: who is not trusted any more is not sent anything.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::body::RequestBody;
use super::secured::{CLEAR, Secured};

/// Idle connections by the rules of their handshake and by address.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: RefCell<HashMap<u64, ByAddress>>,
}

type ByAddress = HashMap<Arc<str>, Vec<Idle>>;

/// Where a connection leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) authority: &'a Arc<str>,
    /// What shakes hands there; nothing if it is spoken to in the clear.
    pub(super) secured: Option<&'a Secured>,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<RequestBody>,
    since: Instant,
}

/// A connection in use. Dropped, it is closed; given back, it waits for the next request.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) sender: SendRequest<RequestBody>,
    /// Whether it has served before: then the other side may have closed it just now.
    pub(super) reused: bool,
    authority: Arc<str>,
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
}

/// Idle connections that one endpoint keeps on one worker.
const IDLE_LIMIT: usize = 256;
/// Shorter than what common servers wait for a next request, so that it is us who close.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

async fn open(goal: Goal<'_>) -> Result<SendRequest<RequestBody>, ConnectError> {
    let stream = TcpStream::connect(&**goal.authority)
        .await
        .map_err(ConnectError::Connect)?;
    // Small pieces of a stream should not wait for more. A socket that refuses the option works without it.
    let _ = stream.set_nodelay(true);
    match goal.secured {
        None => begin(stream, goal.authority).await,
        Some(secured) => {
            let stream = secured.shake_hands(stream, goal.authority).await;
            begin(stream.map_err(ConnectError::Tls)?, goal.authority).await
        }
    }
}

/// Speaks HTTP over a connection, in a task of its own.
async fn begin(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    authority: &Arc<str>,
) -> Result<SendRequest<RequestBody>, ConnectError> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(ConnectError::Handshake)?;
    let address = Arc::clone(authority);
    tokio::task::spawn_local(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(upstream = %address, %error, "upstream connection ended");
        }
    });
    Ok(sender)
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
        let mut idle = self.idle.borrow_mut();
        let kept = idle.get_mut(&goal.rules())?.get_mut(goal.authority)?;
        while let Some(candidate) = kept.pop() {
            if candidate.sender.is_ready() && candidate.since.elapsed() < IDLE_TIMEOUT {
                let pool = Rc::downgrade(self);
                return Some(Lease {
                    sender: candidate.sender,
                    reused: true,
                    authority: Arc::clone(goal.authority),
                    rules: goal.rules(),
                    pool,
                });
            }
        }
        None
    }

    /// A new connection.
    pub(super) async fn connect(
        self: &Rc<Self>,
        goal: Goal<'_>,
        patience: Duration,
    ) -> Result<Lease, ConnectError> {
        let sender = tokio::time::timeout(patience, open(goal))
            .await
            .map_err(|_| ConnectError::TooSlow)??;
        Ok(Lease {
            sender,
            reused: false,
            authority: Arc::clone(goal.authority),
            rules: goal.rules(),
            pool: Rc::downgrade(self),
        })
    }

    /// Closes what has been idle for too long.
    pub(super) fn sweep(&self) {
        self.idle.borrow_mut().retain(|_, addresses| {
            addresses.retain(|_, kept| {
                kept.retain(|idle| !idle.sender.is_closed() && idle.since.elapsed() < IDLE_TIMEOUT);
                !kept.is_empty()
            });
            !addresses.is_empty()
        });
    }

    fn keep(&self, rules: u64, authority: Arc<str>, sender: SendRequest<RequestBody>) {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.entry(rules).or_default().entry(authority).or_default();
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
    /// Puts the connection back once it can take another request, which it cannot while the request's body still flows.
    pub(super) fn give_back(mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        if self.sender.is_ready() {
            pool.keep(self.rules, self.authority, self.sender);
            return;
        }
        tokio::task::spawn_local(async move {
            if self.sender.ready().await.is_ok() {
                pool.keep(self.rules, self.authority, self.sender);
            }
        });
    }
}
