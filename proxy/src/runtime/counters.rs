//! Requests that were answered, counted where they are answered.
//!
//! Each worker has counters of its own, which nobody else writes, on cache lines of their own: counting costs a load, an addition and a store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;

/// How many classes of statuses there are: 1xx to 5xx.
const CLASSES: usize = 5;

/// The counters of one worker.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Answered([AtomicU64; CLASSES]);

/// The counters of all workers, those that ended included.
#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    open: Vec<Arc<Answered>>,
    /// What workers counted that ended.
    closed: [u64; CLASSES],
}

// === impl Answered ===

impl Answered {
    /// Counts one answer. Invariant: only the worker that the counters belong to calls this.
    pub(super) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.0.get(class) {
            counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    fn add_to(&self, totals: &mut [u64; CLASSES]) {
        for (total, counter) in totals.iter_mut().zip(&self.0) {
            *total += counter.load(Ordering::Relaxed);
        }
    }
}

// === impl Counters ===

impl Counters {
    /// Counters for a new worker.
    pub(super) fn open(&self) -> Arc<Answered> {
        let counters = Arc::new(Answered::default());
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        books.close_ended();
        books.open.push(Arc::clone(&counters));
        counters
    }

    /// Answers so far, by class.
    pub(super) fn totals(&self) -> [u64; CLASSES] {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        books.close_ended();
        let mut totals = books.closed;
        books
            .open
            .iter()
            .for_each(|counters| counters.add_to(&mut totals));
        totals
    }
}

impl Books {
    /// Nobody counts any more where nobody else has the counters.
    fn close_ended(&mut self) {
        let Self { open, closed } = self;
        open.retain(|counters| {
            let ended = Arc::strong_count(counters) == 1;
            if ended {
                // What the worker wrote last was written before it let go.
                std::sync::atomic::fence(Ordering::Acquire);
                counters.add_to(closed);
            }
            !ended
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_when_a_worker_ends() {
        let counters = Counters::default();
        let (first, second) = (counters.open(), counters.open());
        first.count(StatusCode::OK);
        first.count(StatusCode::NOT_FOUND);
        second.count(StatusCode::OK);
        assert_eq!(counters.totals(), [0, 2, 0, 1, 0]);
        drop(first);
        assert_eq!(counters.totals(), [0, 2, 0, 1, 0]);
        counters.open().count(StatusCode::BAD_GATEWAY);
        assert_eq!(counters.totals(), [0, 2, 0, 1, 1]);
        // A status that HTTP does not know is counted nowhere.
        second.count(StatusCode::from_u16(999).expect("a status"));
        assert_eq!(counters.totals(), [0, 2, 0, 1, 1]);
    }
}
