//! What is known of the name of an endpoint.
//!
//! In: answers of whoever looks names up. Out: the last good addresses. It is kept by the upstream's name and the endpoint's, from snapshot to snapshot,
//! and never asked for by a request: those find the addresses laid out.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The state of one name.
#[derive(Debug)]
pub struct NameState {
    /// `host:port`, as the configuration says it.
    pub authority: Arc<str>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    addresses: Vec<SocketAddr>,
    /// When the last good answer came.
    answered: Option<Instant>,
    /// Why the last lookup gave nothing.
    trouble: Option<Arc<str>>,
    /// Grows with each change of what is to be laid out.
    version: u64,
    lookups: Lookups,
}

/// Lookups so far, by what came of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Addresses.
    pub answered: u64,
    /// An answer without an address.
    pub empty: u64,
    /// None, or none in time.
    pub failed: u64,
}

/// What somebody may want to know of a name.
#[derive(Debug, Clone)]
pub struct NameFigures {
    /// Those of the last good answer.
    pub addresses: Vec<SocketAddr>,
    /// How old that is.
    pub age: Option<Duration>,
    /// Why the last lookup gave nothing, if it did.
    pub trouble: Option<Arc<str>>,
    /// What came of all.
    pub lookups: Lookups,
}

/// What an answer changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    /// Addresses that were not known before.
    pub added: Vec<SocketAddr>,
    /// Those that are no longer.
    pub removed: Vec<SocketAddr>,
    /// Whether lookups give nothing from now on, which they did before.
    pub began_to_fail: bool,
    /// The other way round.
    pub answers_again: bool,
}

// === impl NameState ===

impl NameState {
    pub(super) fn new(authority: &Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            authority: Arc::clone(authority),
            known: Mutex::default(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what came of a lookup: addresses, or why there are none. What was known stays known until something better is.
    pub fn learn(&self, found: Result<Vec<SocketAddr>, String>) -> Learned {
        let mut known = self.known();
        let was_tried = known.version > 0;
        let (lookups, trouble, found) = match found {
            Ok(found) if found.is_empty() => {
                let trouble = Some("it has no address".to_owned());
                (&mut known.lookups.empty, trouble, None)
            }
            Ok(found) => (&mut known.lookups.answered, None, Some(found)),
            Err(trouble) => (&mut known.lookups.failed, Some(trouble), None),
        };
        *lookups += 1;
        let mut learned = Learned {
            began_to_fail: trouble.is_some() && known.trouble.is_none(),
            answers_again: trouble.is_none() && known.trouble.is_some(),
            ..Learned::default()
        };
        known.trouble = trouble.map(Arc::from);
        if let Some(found) = found {
            let new = |address: &SocketAddr| !known.addresses.contains(address);
            learned.added = found.iter().copied().filter(new).collect();
            let gone = |address: &SocketAddr| !found.contains(address);
            learned.removed = known.addresses.iter().copied().filter(gone).collect();
            known.addresses = found;
            known.answered = Some(Instant::now());
        }
        if !was_tried || learned.is_change() {
            known.version += 1;
        }
        learned
    }

    /// The addresses of the last good answer, and a number that grows with each change; 0 before the first lookup is over.
    pub(super) fn addresses(&self) -> (Vec<SocketAddr>, u64) {
        let known = self.known();
        (known.addresses.clone(), known.version)
    }

    /// Whether there has never been a good answer.
    pub fn is_unknown(&self) -> bool {
        self.known().answered.is_none()
    }

    /// What is known.
    pub fn figures(&self) -> NameFigures {
        let known = self.known();
        NameFigures {
            addresses: known.addresses.clone(),
            age: known.answered.map(|at| at.elapsed()),
            trouble: known.trouble.clone(),
            lookups: known.lookups,
        }
    }
}

// === impl Learned ===

impl Learned {
    /// Whether there are other addresses now.
    pub fn is_change(&self) -> bool {
        !self.added.is_empty() || !self.removed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(all: &[&str]) -> Vec<SocketAddr> {
        all.iter().map(|one| one.parse().expect("an address")).collect()
    }

    #[test]
    fn the_last_good_answer_stays_until_there_is_another() {
        let name = NameState::new(&Arc::from("app.internal:1"));
        let first = name.learn(Ok(addresses(&["10.0.0.1:1", "10.0.0.2:1"])));
        assert_eq!((first.added.len(), first.is_change()), (2, true));
        assert_eq!(
            name.learn(Ok(addresses(&["10.0.0.1:1", "10.0.0.2:1"]))),
            Learned::default()
        );
        let failed = name.learn(Err("no such name".to_owned()));
        assert!(failed.began_to_fail && !failed.is_change());
        let empty = name.learn(Ok(Vec::new()));
        assert!(!empty.began_to_fail && !empty.is_change());
        assert_eq!(name.addresses(), (addresses(&["10.0.0.1:1", "10.0.0.2:1"]), 1));
        let moved = name.learn(Ok(addresses(&["10.0.0.2:1", "10.0.0.3:1"])));
        assert_eq!(moved.added, addresses(&["10.0.0.3:1"]));
        assert_eq!(moved.removed, addresses(&["10.0.0.1:1"]));
        assert!(moved.answers_again);
        let NameFigures { trouble, lookups, .. } = name.figures();
        assert_eq!(trouble, None);
        let expected = Lookups {
            answered: 3,
            empty: 1,
            failed: 1,
        };
        assert_eq!(lookups, expected);
    }

    #[test]
    fn a_first_lookup_that_fails_is_over_too() {
        let name = NameState::new(&Arc::from("app.internal:1"));
        assert_eq!(name.addresses().1, 0);
        name.learn(Err("no such name".to_owned()));
        assert_eq!(name.addresses(), (Vec::new(), 1));
        assert!(name.is_unknown());
    }
}
