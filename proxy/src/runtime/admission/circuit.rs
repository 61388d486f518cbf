//! The circuit breaker of an upstream that serves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::breaker::{Ending, Machine, State};
use crate::model::{Breaker, Name};

/// The breaker of one upstream, for as long as it is configured. All snapshots that have it share it.
#[derive(Debug)]
pub(super) struct Circuit {
    upstream: Name,
    /// Held for one question or one answer.
    machine: Mutex<Machine>,
    refused: AtomicU64,
    opened: AtomicU64,
}

/// A request that was let through. Dropped without a word, it says nothing about the upstream.
#[derive(Debug)]
pub(super) struct Trial {
    circuit: Arc<Circuit>,
    era: u64,
    ending: Ending,
}

/// What a breaker does, and what it has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerFigures {
    /// One of [`STATES`](Self::STATES).
    pub state: &'static str,
    /// Requests that were refused.
    pub refused: u64,
    /// How often it opened.
    pub opened: u64,
}

// === impl BreakerFigures ===

impl BreakerFigures {
    /// All states.
    pub const STATES: [&'static str; 3] = ["closed", "open", "half_open"];
}

fn word(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open { .. } => "open",
        State::HalfOpen { .. } => "half_open",
    }
}

// === impl Circuit ===

impl Circuit {
    pub(super) fn new(upstream: Name, rules: Breaker) -> Arc<Self> {
        Arc::new(Self {
            upstream,
            machine: Mutex::new(Machine::new(rules)),
            refused: AtomicU64::new(0),
            opened: AtomicU64::new(0),
        })
    }

    pub(super) fn change(&self, rules: Breaker, now: Duration) {
        self.with(|machine| machine.change(rules, now));
    }

    /// Lets a request through, or says how long until one may be.
    pub(super) fn ask(self: &Arc<Self>, now: Duration) -> Result<Trial, Duration> {
        match self.with(|machine| machine.ask(now)) {
            Ok(era) => Ok(Trial {
                circuit: Arc::clone(self),
                era,
                ending: Ending::Open,
            }),
            Err(wait) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                Err(wait)
            }
        }
    }

    /// Does something to the machine, and tells of it if that changes its state.
    fn with<T>(&self, what: impl FnOnce(&mut Machine) -> T) -> T {
        let mut machine = self.lock();
        let before = word(machine.state());
        let answer = what(&mut machine);
        let after = word(machine.state());
        drop(machine);
        if before != after {
            let upstream = &self.upstream;
            if after == "open" {
                self.opened.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%upstream, from = before, "circuit breaker is open");
            } else {
                tracing::info!(%upstream, from = before, "circuit breaker is {}", after.replace('_', "-"));
            }
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn figures(&self) -> BreakerFigures {
        BreakerFigures {
            state: word(self.lock().state()),
            refused: self.refused.load(Ordering::Relaxed),
            opened: self.opened.load(Ordering::Relaxed),
        }
    }
}

// === impl Trial ===

impl Trial {
    /// Says how it ended.
    pub(super) fn tell(mut self, ending: Ending) {
        self.ending = ending;
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let now = super::now();
        self.circuit
            .with(|machine| machine.tell(self.era, self.ending, now));
    }
}
