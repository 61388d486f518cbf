//! Routes that are gone, and when what they still answer is cut off.
//!
//! In: the keys of the routes that a change removed. Out: for a request in flight, its deadline. Nothing here ends anything: connections ask
//! for themselves, after their worker has told them to.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::model::RouteKey;

/// All removals by which something may still have to be cut off.
#[derive(Debug, Default)]
pub(super) struct Removals(Mutex<Vec<Removal>>);

/// Routes that went with one change.
#[derive(Debug)]
pub(super) struct Removal {
    /// The first revision that does not have them.
    pub(super) revision: u64,
    /// What they matched.
    pub(super) keys: HashSet<RouteKey>,
    /// When what they still answer is cut off.
    pub(super) deadline: Instant,
}

// === impl Removals ===

impl Removals {
    /// Takes note of a removal, and forgets those that no earlier revision is left for. `draining` are the revisions by which a request
    /// is still being answered.
    pub(super) fn add(&self, removal: Removal, draining: &[u64]) {
        let mut removals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        removals.retain(|removal| draining.iter().any(|revision| *revision < removal.revision));
        removals.push(removal);
    }

    /// When a request that this route answers is cut off; never if the route is still there.
    pub(super) fn deadline(&self, revision: u64, key: &RouteKey) -> Option<Instant> {
        let removals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of = |removal: &&Removal| revision < removal.revision && removal.keys.contains(key);
        removals
            .iter()
            .filter(is_of)
            .map(|removal| removal.deadline)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::model::{HostMatch, PathMatch};

    fn key(prefix: &str) -> RouteKey {
        RouteKey {
            listener: None,
            host: HostMatch::Any,
            path: PathMatch::Prefix(Arc::from(prefix)),
        }
    }

    #[test]
    fn only_what_began_before_its_route_went_has_a_deadline() {
        let removals = Removals::default();
        let start = Instant::now();
        let remove = |revision, prefix, seconds, draining: &[u64]| {
            let removal = Removal {
                revision,
                keys: HashSet::from([key(prefix)]),
                deadline: start + Duration::from_secs(seconds),
            };
            removals.add(removal, draining);
        };
        remove(3, "/a", 30, &[2]);
        let after = |revision, prefix| {
            let deadline = removals.deadline(revision, &key(prefix));
            deadline.map(|deadline| (deadline - start).as_secs())
        };
        assert_eq!(after(2, "/a"), Some(30));
        assert_eq!(after(2, "/b"), None);
        // The route came back with revision 4.
        assert_eq!(after(4, "/a"), None);
        remove(5, "/a", 10, &[2, 4]);
        assert_eq!((after(2, "/a"), after(4, "/a")), (Some(10), Some(10)));
        // Nobody is left for whom the removal of revision 3 matters.
        remove(6, "/b", 10, &[4, 5]);
        assert_eq!(removals.0.lock().expect("a list").len(), 2);
    }
}
