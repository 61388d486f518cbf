//! What an upstream's attempts have come to: its retry budget, and counts. Kept by the upstream's name.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::budget::Budget;
use crate::model::{Failing, RetryBudget};

/// What all definitions of an upstream have in common. Only requests of routes that declare retries or hedges ask the budget.
#[derive(Debug)]
pub(in crate::runtime) struct Ledger {
    /// Held for one addition, or one question.
    budget: Mutex<Budget>,
    retries: [AtomicU64; Failing::ALL.len()],
    exhausted: AtomicU64,
    hedges: AtomicU64,
    hedges_won: AtomicU64,
    timeouts: [AtomicU64; Waited::ALL.len()],
}

/// Whose time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime) enum Waited {
    Connect,
    Attempt,
    Response,
    Request,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFigures {
    /// Requests that were sent again, by what their attempt before failed by.
    pub retries: Vec<(&'static str, u64)>,
    /// Retries and hedges that the budget did not allow.
    pub exhausted: u64,
    /// How many more it would allow now.
    pub balance: u64,
    /// Second attempts beside a first.
    pub hedges: u64,
    /// Those of them whose answer was taken.
    pub hedges_won: u64,
    /// Time-outs, by the key that they are configured with.
    pub timeouts: Vec<(&'static str, u64)>,
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now() -> Duration {
    START.elapsed()
}

// === impl Waited ===

impl Waited {
    const ALL: [&'static str; 4] = ["connect", "attempt", "response", "request"];
}

// === impl Ledger ===

impl Ledger {
    pub(in crate::runtime) fn new(rules: RetryBudget) -> Self {
        Self {
            budget: Mutex::new(Budget::new(rules)),
            retries: Default::default(),
            exhausted: AtomicU64::new(0),
            hedges: AtomicU64::new(0),
            hedges_won: AtomicU64::new(0),
            timeouts: Default::default(),
        }
    }

    /// Counts by these rules from now on.
    pub(in crate::runtime) fn change(&self, rules: RetryBudget) {
        self.budget().change(rules);
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request, to which retries are in proportion.
    pub(super) fn asked(&self) {
        self.budget().deposit(now());
    }

    fn withdraw(&self) -> bool {
        let allowed = self.budget().withdraw(now());
        if !allowed {
            self.exhausted.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }

    /// Whether a request may be sent again; it is counted if it may.
    pub(super) fn retry(&self, failing: Failing) -> bool {
        let allowed = self.withdraw();
        if allowed {
            self.retries[failing as usize].fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }

    /// The same for a second attempt beside the first.
    pub(super) fn hedge(&self) -> bool {
        let allowed = self.withdraw();
        if allowed {
            self.hedges.fetch_add(1, Ordering::Relaxed);
        }
        allowed
    }

    pub(super) fn hedge_won(&self) {
        self.hedges_won.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn waited(&self, whose: Waited) {
        self.timeouts[whose as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::runtime) fn figures(&self) -> AttemptFigures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let retries = Failing::ALL.iter().zip(&self.retries);
        let timeouts = Waited::ALL.iter().zip(&self.timeouts);
        AttemptFigures {
            retries: retries
                .map(|((word, _), counter)| (*word, count(counter)))
                .collect(),
            exhausted: count(&self.exhausted),
            balance: self.budget().balance(now()),
            hedges: count(&self.hedges),
            hedges_won: count(&self.hedges_won),
            timeouts: timeouts.map(|(word, counter)| (*word, count(counter))).collect(),
        }
    }
}
