//! What one worker keeps of the connections to one endpoint.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use hyper::client::conn::http1;

use super::body::RequestBody;
use super::endpoint::EndpointState;
use super::life::{End, Life};
use super::multiplexed::Open;
use crate::model::{Name, Pool, Protocol};

/// The connections to one endpoint that can take a request.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) upstream: Name,
    pub(super) state: Arc<EndpointState>,
    /// Those of their handshake.
    pub(super) rules: u64,
    /// Of HTTP/1.1, those that are idle; the last to come is the first to go.
    idle: RefCell<Vec<Idle>>,
    /// Of HTTP/2, all.
    pub(super) open: Open,
    /// What the configuration of the last request or sweep has to say.
    pub(super) pool: Cell<Pool>,
    /// No configuration that serves leads here: what comes back is closed.
    is_left: Cell<bool>,
    /// How many idle ones were told of last.
    told: Cell<usize>,
}

/// A connection of HTTP/1.1 that waits for a request.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) sender: http1::SendRequest<RequestBody>,
    pub(super) life: Rc<Life>,
    since: Instant,
}

// === impl Kept ===

impl Kept {
    pub(super) fn new(upstream: &Name, state: &Arc<EndpointState>, rules: u64) -> Rc<Self> {
        Rc::new(Self {
            upstream: upstream.clone(),
            state: Arc::clone(state),
            rules,
            idle: RefCell::default(),
            open: Open::default(),
            pool: Cell::default(),
            is_left: Cell::new(false),
            told: Cell::new(0),
        })
    }

    /// One that is alive and not too old.
    pub(super) fn take(&self) -> Option<Idle> {
        let mut all = self.idle.borrow_mut();
        let mut now = None;
        while let Some(idle) = all.pop() {
            let now = *now.get_or_insert_with(Instant::now);
            match idle.over(now, self.pool.get()) {
                None => return Some(idle),
                Some(end) => idle.life.ends(end),
            }
        }
        None
    }

    /// Keeps one for the next request, unless its time is over or there are enough.
    pub(super) fn keep(&self, sender: http1::SendRequest<RequestBody>, life: Rc<Life>) {
        let mut all = self.idle.borrow_mut();
        let (now, pool) = (Instant::now(), self.pool.get());
        if self.is_left.get() {
            life.ends(End::Removed);
        } else if life.is_old(now, pool.max_lifetime) {
            life.ends(End::Old);
        } else if all.len() >= pool.max_idle as usize {
            life.ends(End::Surplus);
        } else {
            all.push(Idle {
                sender,
                life,
                since: now,
            });
        }
    }

    /// Closes what is not to be kept by these rules, which count from now on.
    pub(super) fn sweep(&self, now: Instant, pool: Pool, protocol: Protocol) {
        self.pool.set(pool);
        let mut all = self.idle.borrow_mut();
        all.retain(|idle| {
            let end = match protocol {
                Protocol::Http1 => idle.over(now, pool),
                Protocol::Http2 => Some(End::Removed),
            };
            if let Some(end) = end {
                idle.life.ends(end);
            }
            end.is_none()
        });
        // Who has waited longest goes first.
        let surplus = all.len().saturating_sub(pool.max_idle as usize);
        all.drain(..surplus).for_each(|idle| idle.life.ends(End::Surplus));
        match protocol {
            Protocol::Http1 => self.open.leave(),
            Protocol::Http2 => self.open.sweep(now, pool),
        }
        self.tell(all.len() + self.open.idle());
    }

    /// Closes what is idle, and everything else as soon as it is.
    pub(super) fn leave(&self) {
        self.is_left.set(true);
        for idle in self.idle.take() {
            idle.life.ends(End::Removed);
        }
        self.open.leave();
        self.tell(0);
    }

    fn tell(&self, idle: usize) {
        self.state.connections.found_idle(self.told.replace(idle), idle);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.tell(0);
    }
}

// === impl Idle ===

impl Idle {
    /// Why it is to be kept no longer; nothing if it is.
    fn over(&self, now: Instant, pool: Pool) -> Option<End> {
        if self.sender.is_closed() || !self.sender.is_ready() {
            Some(End::Other)
        } else if self.life.is_old(now, pool.max_lifetime) {
            Some(End::Old)
        } else if now.duration_since(self.since) >= pool.idle_timeout(Protocol::Http1) {
            Some(End::Idle)
        } else {
            None
        }
    }
}
