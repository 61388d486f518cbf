//! A map of which many versions share nearly all: a change copies one of its parts, and the list of them.
//!
//! A configuration of ten thousand routes is followed by one in which one of them is different. With the square root of so many parts, each as large, the
//! next version costs a hundredth of a map that is filled anew, and so does the end of the former one.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::fast::FixedState;

/// A map whose keys are those of a configuration: nobody else can choose them so that they collide.
pub(super) type Index<K, V> = HashMap<K, V, FixedState>;

/// A map in parts.
#[derive(Debug, Clone)]
pub(super) struct Shards<K, V> {
    /// As many as a power of two.
    parts: Vec<Arc<Index<K, V>>>,
    len: usize,
}

/// Up to so many keys one part is enough.
const ALONE: usize = 64;
const HASHER: FixedState = FixedState::with_seed(0x7265_6c6f_6164);

// === impl Shards ===

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self {
            parts: vec![Arc::new(Index::with_hasher(HASHER))],
            len: 0,
        }
    }
}

impl<K, V> Shards<K, V> {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    fn part(&self, key: &(impl Hash + ?Sized)) -> usize {
        // Bits that the map itself does not choose its places by.
        (HASHER.hash_one(key) >> 32) as usize & (self.parts.len() - 1)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Shards<K, V> {
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.parts[self.part(key)].get(key)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        let room = match self.parts.len() {
            1 => ALONE,
            parts => 4 * parts * parts,
        };
        if self.len >= room {
            self.spread();
        }
        let part = self.part(&key);
        if Arc::make_mut(&mut self.parts[part]).insert(key, value).is_none() {
            self.len += 1;
        }
    }

    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let part = self.part(key);
        // What is not there is no reason to copy a part.
        self.parts[part].get(key)?;
        self.len -= 1;
        Arc::make_mut(&mut self.parts[part]).remove(key)
    }

    fn spread(&mut self) {
        let count = (self.parts.len() * 2).max(8);
        let parts = std::mem::replace(&mut self.parts, (0..count).map(|_| Arc::default()).collect());
        let all = parts.into_iter().flat_map(Arc::unwrap_or_clone);
        let mut spread: Vec<Index<K, V>> = (0..count).map(|_| Index::with_hasher(HASHER)).collect();
        for (key, value) in all {
            spread[self.part(&key)].insert(key, value);
        }
        self.parts = spread.into_iter().map(Arc::new).collect();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_version_is_the_map_that_it_was(
            steps in prop::collection::vec((any::<bool>(), 0_u16..2_000, any::<u8>()), 0..3_000),
        ) {
            let (mut shards, mut map) = (Shards::default(), HashMap::new());
            let (mut before, mut then) = (shards.clone(), map.clone());
            for (number, (is_insert, key, value)) in steps.into_iter().enumerate() {
                if is_insert {
                    shards.insert(key, value);
                    map.insert(key, value);
                } else {
                    prop_assert_eq!(shards.remove(&key), map.remove(&key));
                }
                prop_assert_eq!(shards.get(&key), map.get(&key));
                if number == 1_000 {
                    (before, then) = (shards.clone(), map.clone());
                }
            }
            for (shards, map) in [(shards, map), (before, then)] {
                prop_assert_eq!(shards.is_empty(), map.is_empty());
                prop_assert_eq!(shards.iter().map(|(key, value)| (*key, *value)).collect::<HashMap<_, _>>(), map);
            }
        }
    }

    #[test]
    fn a_change_copies_one_part() {
        let mut shards = Shards::default();
        (0..10_000).for_each(|key| shards.insert(key, ()));
        let mut next = shards.clone();
        next.insert(10_000, ());
        let pairs = shards.parts.iter().zip(&next.parts);
        assert_eq!(pairs.filter(|(old, new)| !Arc::ptr_eq(old, new)).count(), 1);
        let largest = next.parts.iter().map(|part| part.len()).max();
        assert!(largest.is_some_and(|largest| largest < 400), "{largest:?}");
    }
}
