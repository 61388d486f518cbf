//! What all workers share: what serves, and what is counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::counters::Counters;
use super::refusal::Refusal;
use super::removals::{Removal, Removals};
use super::seats::Seats;
use super::state::Census;
use super::survey::{Roll, Silent, Surveyed};
use super::{Current, Generation, Issuance};
use crate::model::RouteKey;

/// What all workers share.
#[derive(Debug)]
pub struct Shared {
    /// What serves.
    pub current: Current,
    /// Told when a name stands for other addresses, for whoever follows endpoints: one may wait.
    pub(crate) endpoints_changed: Notify,
    /// What is known of certificates that are obtained from an authority.
    pub issuance: Issuance,
    pub(super) connections: Arc<Census>,
    pub(super) seats: Seats,
    pub(super) counters: Counters,
    heads_too_large: AtomicU64,
    bodies_too_large: AtomicU64,
    retired: Mutex<Vec<Weak<Generation>>>,
    pub(super) removals: Removals,
    pub(super) surveyed: Surveyed,
}

// === impl Shared ===

impl Shared {
    /// With the first snapshot.
    pub fn new(current: Current) -> Arc<Self> {
        Arc::new(Self {
            current,
            endpoints_changed: Notify::new(),
            issuance: Issuance::default(),
            connections: Arc::default(),
            seats: Seats::default(),
            counters: Counters::default(),
            heads_too_large: AtomicU64::new(0),
            bodies_too_large: AtomicU64::new(0),
            retired: Mutex::default(),
            removals: Removals::default(),
            surveyed: Surveyed::default(),
        })
    }

    /// Client connections that are open, tunnels included.
    pub fn connection_count(&self) -> usize {
        self.connections.count()
    }

    /// Those of them that end with their next answer, because their listener or their worker goes, or the process.
    pub fn draining_connection_count(&self) -> usize {
        self.connections.draining()
    }

    /// Answers to requests so far, by the class of their status, 1xx to 5xx.
    pub fn answered(&self) -> [u64; 5] {
        self.counters.totals()
    }

    /// Requests that were refused because of their size: of their heads, and of their bodies.
    pub fn too_large(&self) -> [u64; 2] {
        [&self.heads_too_large, &self.bodies_too_large].map(|counter| counter.load(Ordering::Relaxed))
    }

    /// Counts a refusal that nothing else counts.
    pub(super) fn refused(&self, refusal: Refusal) {
        let counter = match refusal {
            Refusal::HeadTooLarge => &self.heads_too_large,
            Refusal::BodyTooLarge => &self.bodies_too_large,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What the connections of each worker do at this moment.
    pub async fn survey(&self) -> Result<Vec<Roll>, Silent> {
        self.surveyed.ask().await
    }

    /// Counts a generation as draining from now on, as long as a request holds a route of it.
    pub fn retire(&self, generation: &Arc<Generation>) {
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody may ever ask, and a weak reference holds the memory of what it refers to.
        retired.retain(|generation| generation.strong_count() > 0);
        retired.push(Arc::downgrade(generation));
    }

    /// Has what is still answered by routes of these keys cut off after a time. `revision` is the first that does not have them. Workers
    /// have to be told to [`look`](super::Worker::look).
    pub fn cut_routes(&self, revision: u64, keys: impl Iterator<Item = RouteKey>, after: Duration) {
        let removal = Removal {
            revision,
            keys: keys.collect(),
            deadline: Instant::now() + after,
        };
        self.removals.add(removal, &self.draining_revisions());
    }

    /// The revisions that serve no new request, and by which one is still being answered.
    pub fn draining_revisions(&self) -> Vec<u64> {
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.retain(|generation| generation.strong_count() > 0);
        let living = retired.iter().filter_map(Weak::upgrade);
        living.map(|generation| generation.revision).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Snapshot;
    use super::*;

    #[test]
    fn nothing_is_kept_of_generations_that_have_ended() {
        let shared = Shared::new(Current::new(Snapshot::default()));
        for revision in 1..=100 {
            shared.retire(&Arc::new(Generation { revision }));
        }
        assert!(shared.retired.lock().unwrap().len() <= 1);
    }
}
