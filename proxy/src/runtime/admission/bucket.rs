//! A bucket that all workers share, without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::gcra::Pace;

/// One bucket, and the pace at which it goes.
#[derive(Debug)]
pub(super) struct Bucket(ArcSwap<State>);

#[derive(Debug)]
struct State {
    pace: Pace,
    /// When it will be full, or `MOVED`.
    full_at: AtomicU64,
}

/// The tokens are elsewhere: the pace is being changed.
const MOVED: u64 = u64::MAX;

// === impl Bucket ===

impl Bucket {
    pub(super) fn new(pace: Pace) -> Self {
        Self(ArcSwap::from_pointee(State {
            pace,
            full_at: AtomicU64::new(0),
        }))
    }

    /// Takes a token, or says how long until there is one.
    pub(super) fn take(&self, now: u64) -> Result<(), u64> {
        loop {
            let state = self.0.load();
            let mut full_at = state.full_at.load(Ordering::Acquire);
            while full_at != MOVED {
                let next = state.pace.take(full_at, now)?;
                let swapped =
                    state
                        .full_at
                        .compare_exchange_weak(full_at, next, Ordering::AcqRel, Ordering::Acquire);
                match swapped {
                    Ok(_) => return Ok(()),
                    Err(other) => full_at = other,
                }
            }
            // The one who changes the pace is between two stores.
            std::thread::yield_now();
        }
    }

    /// Whether there is a token, or how long until there is one.
    pub(super) fn look(&self, now: u64) -> Result<(), u64> {
        let (pace, full_at) = self.read();
        pace.take(full_at, now).map(drop)
    }

    /// Whole tokens that are there.
    pub(super) fn tokens(&self, now: u64) -> u64 {
        let (pace, full_at) = self.read();
        pace.tokens(full_at, now)
    }

    fn read(&self) -> (Pace, u64) {
        loop {
            let state = self.0.load();
            match state.full_at.load(Ordering::Acquire) {
                MOVED => std::thread::yield_now(),
                full_at => return (state.pace, full_at),
            }
        }
    }

    /// Goes on at another pace. Invariant: no token is taken at the old one afterwards, and none that was taken is forgotten. One thread alone calls this.
    pub(super) fn change(&self, to: Pace, now: u64) {
        let old = self.0.load_full();
        if old.pace == to {
            return;
        }
        let full_at = old.full_at.swap(MOVED, Ordering::AcqRel);
        self.0.store(Arc::new(State {
            pace: to,
            full_at: AtomicU64::new(old.pace.carry(to, full_at, now)),
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;
    use crate::model::{Rate, RateUnit};

    #[test]
    fn not_one_too_many_is_taken_by_many_threads_while_the_pace_changes() {
        let pace = |count, burst| {
            let per = RateUnit::Hour;
            Pace::new(Rate { count, per }, burst)
        };
        let bucket = Bucket::new(pace(1, 1000));
        let (done, taken) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        if bucket.take(1).is_ok() {
                            taken.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            // Time stands still, so that nothing flows in; the bucket grows and keeps what it has.
            for burst in 1001..3000 {
                bucket.change(pace(1 + burst % 7, burst), 1);
            }
            done.store(true, Ordering::Relaxed);
        });
        while bucket.take(1).is_ok() {
            taken.fetch_add(1, Ordering::Relaxed);
        }
        let taken = taken.into_inner();
        // What is not whole after a change is not there: that may cost one each time, and never gives one.
        assert!((1..=1000).contains(&taken), "{taken}");
    }
}
