//! What served until now: the last revisions, each with all that is needed to serve it again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Digest, Origin};
use crate::model::Model;

/// A configuration that was applied. Revisions share what they have in common, so that many of them take little room.
#[derive(Debug)]
pub struct Revision {
    /// Its number; never used for anything else.
    pub number: u64,
    /// The digest of its content.
    pub digest: Digest,
    /// When it was applied.
    pub at: SystemTime,
    /// Who asked for it.
    pub origin: Origin,
    /// What was different from the one before, such as `routes +1 ~2`.
    pub changed: String,
    /// What it says.
    pub model: Arc<Model>,
}

/// The last revisions, the one that serves among them.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Arc<Revision>>);

// === impl History ===

impl History {
    /// Takes note of what serves now, and forgets the oldest beyond `keep`.
    pub(super) fn push(&mut self, revision: Revision, keep: usize) {
        self.0.push_back(Arc::new(revision));
        let surplus = self.0.len().saturating_sub(keep.max(1));
        self.0.drain(..surplus);
    }

    pub(super) fn find(&self, number: u64) -> Option<Arc<Revision>> {
        self.0.iter().find(|revision| revision.number == number).cloned()
    }

    /// From the oldest to the one that serves.
    pub(super) fn all(&self) -> Vec<Arc<Revision>> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_the_last_never() {
        let mut history = History::default();
        for (number, keep) in [(1, 3), (2, 3), (3, 3), (4, 3), (5, 0)] {
            let revision = Revision {
                number,
                digest: Digest::of(b""),
                at: SystemTime::UNIX_EPOCH,
                origin: Origin::Watch,
                changed: String::new(),
                model: Arc::default(),
            };
            history.push(revision, keep);
            assert!(history.find(number).is_some());
            assert_eq!(history.all().len(), number.min(keep.max(1) as u64) as usize);
        }
        assert!(history.find(4).is_none());
    }
}
