//! What is known of one endpoint of an upstream: its load, its health, and since when it is back.
//!
//! In: what workers and checks see. Out: whether it gets requests, and how many. It is kept by the upstream's name and the endpoint's address, from
//! snapshot to snapshot, and shared by all workers without a lock.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::life::{ConnectionFigures, Connections};
use crate::model::Ejection;

/// What checks found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// No check is over yet: it counts as healthy.
    Unchecked,
    /// It gets requests.
    Healthy,
    /// It gets nothing but checks.
    Unhealthy,
}

/// The state of one endpoint.
#[derive(Debug)]
pub struct EndpointState {
    requests: AtomicUsize,
    condition: AtomicU8,
    checks_passed: AtomicU64,
    checks_failed: AtomicU64,
    /// Failed requests in a row.
    failures: AtomicU32,
    /// Until when it gets no requests, in milliseconds from the start; 0 if it is not ejected.
    ejected_until: AtomicU64,
    /// When the last ejection ended or ends; 0 before the first.
    last_ejection: AtomicU64,
    /// Ejections of which each followed soon on the one before.
    in_a_row: AtomicU32,
    ejections: AtomicU64,
    /// Since when its share grows; 0 if it has been there from the start.
    back_since: AtomicU64,
    pub(super) connections: Connections,
}

/// While this lives, a request is in flight to an endpoint.
#[derive(Debug)]
pub(super) struct Load(Arc<EndpointState>);

/// A share is never less than this: who gets nothing at all can never show that it is well.
const LEAST_SHARE: f64 = 0.05;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds since the start, from 1 on.
fn now() -> u64 {
    START.elapsed().as_millis() as u64 + 1
}

// === impl EndpointState ===

impl EndpointState {
    /// That of a new endpoint. `joins` where others were there before it.
    pub(super) fn new(joins: bool) -> Arc<Self> {
        Arc::new(Self {
            requests: AtomicUsize::new(0),
            condition: AtomicU8::new(Condition::Unchecked as u8),
            checks_passed: AtomicU64::new(0),
            checks_failed: AtomicU64::new(0),
            failures: AtomicU32::new(0),
            ejected_until: AtomicU64::new(0),
            last_ejection: AtomicU64::new(0),
            in_a_row: AtomicU32::new(0),
            ejections: AtomicU64::new(0),
            back_since: AtomicU64::new(if joins { now() } else { 0 }),
            connections: Connections::default(),
        })
    }

    /// Requests in flight.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Its connections.
    pub fn connections(&self) -> ConnectionFigures {
        self.connections.figures()
    }

    pub(super) fn load(self: &Arc<Self>) -> Load {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Load(Arc::clone(self))
    }

    /// What checks found last.
    pub fn condition(&self) -> Condition {
        match self.condition.load(Ordering::Relaxed) {
            0 => Condition::Unchecked,
            1 => Condition::Healthy,
            _ => Condition::Unhealthy,
        }
    }

    /// Takes note of what checks found. Only whoever checks calls this.
    pub fn found(&self, condition: Condition) {
        let before = self.condition();
        if before == Condition::Unhealthy && condition == Condition::Healthy {
            self.back_since.store(now(), Ordering::Relaxed);
        }
        self.condition.store(condition as u8, Ordering::Relaxed);
    }

    /// Counts a check.
    pub fn checked(&self, passed: bool) {
        let counter = if passed {
            &self.checks_passed
        } else {
            &self.checks_failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Checks so far: those that passed, and those that failed.
    pub fn checks(&self) -> (u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (count(&self.checks_passed), count(&self.checks_failed))
    }

    /// How often it was ejected.
    pub fn ejections(&self) -> u64 {
        self.ejections.load(Ordering::Relaxed)
    }

    /// What is left of its ejection; nothing if it is not ejected.
    pub fn ejected_for(&self) -> Option<Duration> {
        let until = self.ejected_until.load(Ordering::Relaxed);
        let left = until.saturating_sub(now());
        (left > 0).then(|| Duration::from_millis(left))
    }

    /// Whether it is back from an ejection and nobody has noticed yet. True once for each.
    pub(super) fn is_just_back(&self) -> bool {
        let until = self.ejected_until.load(Ordering::Relaxed);
        if until == 0 || now() < until {
            return false;
        }
        let noticed = self
            .ejected_until
            .compare_exchange(until, 0, Ordering::Relaxed, Ordering::Relaxed);
        if noticed.is_ok() {
            self.back_since.store(until, Ordering::Relaxed);
        }
        noticed.is_ok()
    }

    pub(super) fn succeeded(&self) {
        // Nearly always there is nothing to forget, and what is only read is not taken away from other workers.
        if self.failures.load(Ordering::Relaxed) > 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Whether this was one failure too many.
    pub(super) fn failed(&self, allowed: u32) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= allowed
    }

    /// Has it get no requests for a while, which is returned. The caller sees to it that nobody else does so at the same time.
    pub(super) fn eject(&self, rules: &Ejection) -> Duration {
        let (now, last) = (now(), self.last_ejection.load(Ordering::Relaxed));
        let soon = last > 0 && now < last + rules.time_limit.as_millis() as u64;
        let before = if soon {
            self.in_a_row.load(Ordering::Relaxed)
        } else {
            0
        };
        let factor = 1_u32 << before.min(16);
        let time = rules.time.saturating_mul(factor).min(rules.time_limit);
        let until = now + time.as_millis() as u64;
        self.in_a_row.store(before + 1, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
        self.last_ejection.store(until, Ordering::Relaxed);
        self.ejected_until.store(until, Ordering::Relaxed);
        self.ejections.fetch_add(1, Ordering::Relaxed);
        time
    }

    /// Its share of what it would get at last, from just above 0 to 1.
    pub(super) fn ramp(&self, slow_start: Option<Duration>) -> f64 {
        let since = self.back_since.load(Ordering::Relaxed);
        let Some(time) = slow_start.filter(|_| since > 0) else {
            return 1.0;
        };
        let passed = now().saturating_sub(since) as f64;
        (passed / time.as_millis().max(1) as f64).clamp(LEAST_SHARE, 1.0)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Statuses;

    fn rules(time: u64, limit: u64) -> Ejection {
        Ejection {
            after: 2,
            statuses: Statuses::new(vec![500..=599]),
            time: Duration::from_millis(time),
            time_limit: Duration::from_millis(limit),
            max_share: 50,
        }
    }

    #[test]
    fn failures_count_in_a_row() {
        let state = EndpointState::new(false);
        assert!(!state.failed(2));
        state.succeeded();
        assert!(!state.failed(2));
        assert!(state.failed(2));
    }

    #[test]
    fn each_ejection_lasts_twice_as_long_up_to_the_limit() {
        let state = EndpointState::new(false);
        let rules = rules(60_000, 200_000);
        let times = [0; 4].map(|_| state.eject(&rules).as_secs());
        assert_eq!(times, [60, 120, 200, 200]);
        assert_eq!(state.ejections(), 4);
        assert!(state.ejected_for().is_some());
        assert!(!state.is_just_back());
    }

    #[test]
    fn a_share_grows_from_its_return_on() {
        let state = EndpointState::new(false);
        let hour = Some(Duration::from_secs(3600));
        assert!((state.ramp(hour) - 1.0).abs() < f64::EPSILON);
        state.found(Condition::Unhealthy);
        state.found(Condition::Healthy);
        assert!(state.ramp(hour) < 0.1);
        assert!((state.ramp(None) - 1.0).abs() < f64::EPSILON);
        assert!(EndpointState::new(true).ramp(hour) < 0.1);
    }

    #[test]
    fn a_load_counts_as_long_as_it_lives() {
        let state = EndpointState::new(false);
        let (first, second) = (state.load(), state.load());
        assert_eq!(state.requests(), 2);
        drop((first, second));
        assert_eq!(state.requests(), 0);
    }
}
