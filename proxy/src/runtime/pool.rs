//! A worker's own connections to upstreams.
//!
//! Connections are kept by the endpoint's address, not by configuration: an endpoint that a new configuration still has keeps them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::body::RequestBody;

/// Idle connections by address.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: RefCell<HashMap<Arc<str>, Vec<Idle>>>,
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
    pool: Weak<Pool>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("failed to connect: {0}")]
    Connect(#[source] io::Error),
    #[error("failed to connect in time")]
    TooSlow,
    #[error("failed to begin HTTP: {0}")]
    Handshake(#[source] hyper::Error),
}

/// Idle connections that one endpoint keeps on one worker.
const IDLE_LIMIT: usize = 256;
/// Shorter than what common servers wait for a next request, so that it is us who close.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

// === impl Pool ===

impl Pool {
    /// A connection that served before and seems alive.
    pub(super) fn reuse(self: &Rc<Self>, authority: &Arc<str>) -> Option<Lease> {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.get_mut(authority)?;
        while let Some(candidate) = kept.pop() {
            if candidate.sender.is_ready() && candidate.since.elapsed() < IDLE_TIMEOUT {
                let pool = Rc::downgrade(self);
                return Some(Lease {
                    sender: candidate.sender,
                    reused: true,
                    authority: Arc::clone(authority),
                    pool,
                });
            }
        }
        None
    }

    /// A new connection.
    pub(super) async fn connect(
        self: &Rc<Self>,
        authority: &Arc<str>,
        patience: Duration,
    ) -> Result<Lease, ConnectError> {
        let stream = tokio::time::timeout(patience, TcpStream::connect(&**authority))
            .await
            .map_err(|_| ConnectError::TooSlow)?
            .map_err(ConnectError::Connect)?;
        // Small pieces of a stream should not wait for more. A socket that refuses the option works without it.
        let _ = stream.set_nodelay(true);
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(ConnectError::Handshake)?;
        let address = Arc::clone(authority);
        tokio::task::spawn_local(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(upstream = %address, %error, "upstream connection ended");
            }
        });
        Ok(Lease {
            sender,
            reused: false,
            authority: Arc::clone(authority),
            pool: Rc::downgrade(self),
        })
    }

    /// Closes what has been idle for too long.
    pub(super) fn sweep(&self) {
        self.idle.borrow_mut().retain(|_, kept| {
            kept.retain(|idle| !idle.sender.is_closed() && idle.since.elapsed() < IDLE_TIMEOUT);
            !kept.is_empty()
        });
    }

    fn keep(&self, authority: Arc<str>, sender: SendRequest<RequestBody>) {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.entry(authority).or_default();
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
            pool.keep(self.authority, self.sender);
            return;
        }
        tokio::task::spawn_local(async move {
            if self.sender.ready().await.is_ok() {
                pool.keep(self.authority, self.sender);
            }
        });
    }
}
