//! One connection to an upstream from its beginning to its end, as it is counted and as it grows old.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::endpoint::EndpointState;

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was idle for `idle_timeout`.
    Idle,
    /// It was open for `max_lifetime`.
    Old,
    /// As many as `max_idle` were idle.
    Surplus,
    /// Its endpoint is gone, or is spoken to in another way.
    Removed,
    /// The other side closed it, an exchange was broken off, it became a tunnel, or its worker ended.
    Other,
}

/// The connections to an endpoint, of all workers.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: AtomicUsize,
    idle: AtomicUsize,
    opened: AtomicU64,
    closed: [AtomicU64; End::ALL.len()],
}

/// What somebody may want to know of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionFigures {
    /// That are open.
    pub open: usize,
    /// Those of them that were idle when workers last looked, which is every two seconds.
    pub idle: usize,
    /// That have been opened.
    pub opened: u64,
    /// That have been closed, in the order of [`End::ALL`].
    pub closed: [u64; End::ALL.len()],
}

/// What is known of one connection.
#[derive(Debug)]
pub(super) struct Life {
    opened: Instant,
    /// The share of its lifetime that it gets: connections that began together do not end together.
    share: f64,
    end: Cell<End>,
}

/// While this lives, a connection is open.
#[derive(Debug)]
pub(super) struct Counted {
    life: Rc<Life>,
    endpoint: Arc<EndpointState>,
}

// === impl End ===

impl End {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Idle, Self::Old, Self::Surplus, Self::Removed, Self::Other];

    /// As metrics call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle_timeout",
            Self::Old => "max_lifetime",
            Self::Surplus => "max_idle",
            Self::Removed => "removed",
            Self::Other => "other",
        }
    }
}

// === impl Connections ===

impl Connections {
    pub(super) fn figures(&self) -> ConnectionFigures {
        ConnectionFigures {
            open: self.open.load(Ordering::Relaxed),
            idle: self.idle.load(Ordering::Relaxed),
            opened: self.opened.load(Ordering::Relaxed),
            closed: End::ALL.map(|end| self.closed[end as usize].load(Ordering::Relaxed)),
        }
    }

    /// Takes note that one worker found so many idle after so many before.
    pub(super) fn found_idle(&self, before: usize, now: usize) {
        if now >= before {
            self.idle.fetch_add(now - before, Ordering::Relaxed);
        } else {
            self.idle.fetch_sub(before - now, Ordering::Relaxed);
        }
    }
}

// === impl Life ===

impl Life {
    /// That of a connection that begins now, and what counts it.
    pub(super) fn begin(endpoint: &Arc<EndpointState>) -> (Rc<Self>, Counted) {
        let life = Rc::new(Self {
            opened: Instant::now(),
            share: 1.0 - 0.1 * fastrand::f64(),
            end: Cell::new(End::Other),
        });
        let connections = &endpoint.connections;
        connections.open.fetch_add(1, Ordering::Relaxed);
        connections.opened.fetch_add(1, Ordering::Relaxed);
        let counted = Counted {
            life: Rc::clone(&life),
            endpoint: Arc::clone(endpoint),
        };
        (life, counted)
    }

    pub(super) fn is_old(&self, now: Instant, lifetime: Option<Duration>) -> bool {
        let is_over = |time: Duration| now.duration_since(self.opened) >= time.mul_f64(self.share);
        lifetime.is_some_and(is_over)
    }

    /// Says why it is closed, before it is.
    pub(super) fn ends(&self, end: End) {
        self.end.set(end);
    }
}

// === impl Counted ===

impl Drop for Counted {
    fn drop(&mut self) {
        let connections = &self.endpoint.connections;
        connections.open.fetch_sub(1, Ordering::Relaxed);
        connections.closed[self.life.end.get() as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_counted_from_its_beginning_to_its_end_and_by_its_reason() {
        let endpoint = EndpointState::new(false);
        let (first, counted) = Life::begin(&endpoint);
        let (_second, other) = Life::begin(&endpoint);
        endpoint.connections.found_idle(0, 2);
        first.ends(End::Old);
        drop((counted, other));
        endpoint.connections.found_idle(2, 1);
        let expected = ConnectionFigures {
            open: 0,
            idle: 1,
            opened: 2,
            closed: [0, 1, 0, 0, 1],
        };
        assert_eq!(endpoint.connections.figures(), expected);
    }

    #[test]
    fn a_connection_grows_old_up_to_a_tenth_earlier_than_it_may() {
        let endpoint = EndpointState::new(false);
        let lifetime = Duration::from_secs(100);
        for _ in 0..100 {
            let (life, _counted) = Life::begin(&endpoint);
            let after = |seconds: u64| life.opened + Duration::from_secs(seconds);
            assert!(!life.is_old(after(89), Some(lifetime)));
            assert!(life.is_old(after(100), Some(lifetime)));
            assert!(!life.is_old(after(100_000), None));
        }
    }
}
