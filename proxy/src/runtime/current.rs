//! The one pointer that decides what serves.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Snapshot;

/// The snapshot that serves now.
///
/// Invariant: whatever a request decides, it decides by one [`load`](Self::load). Nothing else in the process is swapped at a commit.
#[derive(Debug)]
pub struct Current(ArcSwap<Snapshot>);

// === impl Current ===

impl Current {
    /// Begins with `first`.
    pub fn new(first: Snapshot) -> Self {
        Self(ArcSwap::from_pointee(first))
    }

    /// What serves now. It stays whole however often it is replaced meanwhile.
    pub fn load(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Makes `next` serve from now on and returns what served until now. Cannot fail.
    pub fn swap(&self, next: Arc<Snapshot>) -> Arc<Snapshot> {
        self.0.swap(next)
    }
}
