//! A bucket for each client, in bounded memory.
//!
//! What stands for a client is a hash under a key that nobody outside knows, so that a long value takes no more room than a short one. Clients are
//! divided into shards, each with a lock that is held for one look into a table: that is the price of a table that grows and shrinks.
//!
//! Invariant: no client gets more than a bucket of its own would give. A client is forgotten only when its bucket is full, which is as if it had never
//! come. Those for whom there is no room take from one bucket of their shard, and whoever gets a bucket later begins with what is left in that one.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::gcra::Pace;

/// The buckets of all clients of one limit.
#[derive(Debug)]
pub(super) struct Clients {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

/// The buckets of some clients. No clock inside.
#[derive(Debug)]
pub(super) struct Shard {
    pace: Pace,
    /// How many have a bucket of their own.
    room: usize,
    /// When the bucket of each will be full.
    full_at: HashMap<u64, u64>,
    /// The same of the one that all others share.
    rest: u64,
    /// Full buckets are not looked for before.
    next_sweep: u64,
}

/// At most as many as the fewest clients that can be asked for.
const SHARDS: usize = 16;
/// Between two searches for full buckets, in nanoseconds: a flood of new clients may not make each of its requests a search.
const SWEEP: u64 = 100_000_000;

// === impl Clients ===

impl Clients {
    pub(super) fn new(pace: Pace, clients: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::new(pace, clients / SHARDS))),
            hasher: RandomState::new(),
        }
    }

    /// Takes a token of a client, or says how long until there is one.
    pub(super) fn take(&self, client: &[u8], now: u64) -> Result<(), u64> {
        let (key, mut shard) = self.shard(client);
        shard.take(key, now)
    }

    /// Whether a client has a token, or how long until there is one.
    pub(super) fn look(&self, client: &[u8], now: u64) -> Result<(), u64> {
        let (key, shard) = self.shard(client);
        shard.look(key, now)
    }

    fn shard(&self, client: &[u8]) -> (u64, MutexGuard<'_, Shard>) {
        let key = self.hasher.hash_one(client);
        (key, lock(&self.shards[key as usize % SHARDS]))
    }

    /// How many have a bucket of their own.
    pub(super) fn count(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).full_at.len()).sum()
    }

    /// Goes on at another pace, with room for so many.
    pub(super) fn change(&self, pace: Pace, clients: usize, now: u64) {
        for shard in &self.shards {
            lock(shard).change(pace, clients / SHARDS, now);
        }
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Shard ===

impl Shard {
    fn new(pace: Pace, room: usize) -> Self {
        Self {
            pace,
            room,
            full_at: HashMap::new(),
            rest: 0,
            next_sweep: 0,
        }
    }

    fn take(&mut self, key: u64, now: u64) -> Result<(), u64> {
        if let Some(full_at) = self.full_at.get_mut(&key) {
            *full_at = self.pace.take(*full_at, now)?;
            return Ok(());
        }
        let next = self.pace.take(self.rest, now)?;
        if self.full_at.len() >= self.room && now >= self.next_sweep {
            self.sweep(now);
            self.next_sweep = now + SWEEP;
        }
        if self.full_at.len() < self.room {
            self.full_at.insert(key, next);
        } else {
            self.rest = next;
        }
        Ok(())
    }

    fn look(&self, key: u64, now: u64) -> Result<(), u64> {
        let full_at = self.full_at.get(&key).unwrap_or(&self.rest);
        self.pace.take(*full_at, now).map(drop)
    }

    /// Forgets those whose bucket is full.
    fn sweep(&mut self, now: u64) {
        self.full_at.retain(|_, full_at| *full_at > now);
    }

    fn change(&mut self, pace: Pace, room: usize, now: u64) {
        if self.pace != pace {
            for full_at in self.full_at.values_mut().chain([&mut self.rest]) {
                *full_at = self.pace.carry(pace, *full_at, now);
            }
            self.pace = pace;
        }
        self.room = room;
        if self.full_at.len() > room {
            self.sweep(now);
            let surplus: Vec<u64> = self.full_at.keys().copied().skip(room).collect();
            for key in surplus {
                let full_at = self.full_at.remove(&key).unwrap_or_default();
                self.rest = self.rest.max(full_at);
            }
            self.full_at.shrink_to_fit();
        }
        self.next_sweep = now;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Rate, RateUnit};

    #[derive(Debug, Clone)]
    enum Event {
        Try(u64),
        Room(usize),
    }

    const BURST: u64 = 5;

    fn pace() -> Pace {
        let (count, per) = (10, RateUnit::Second);
        Pace::new(Rate { count, per }, BURST)
    }

    proptest! {
        #[test]
        fn no_client_gets_more_than_its_own_bucket_would_give_and_memory_is_bounded(
            events in prop::collection::vec((0..200_000_000_u64, prop_oneof![
                9 => (0..8_u64).prop_map(Event::Try),
                1 => (0..6_usize).prop_map(Event::Room),
            ]), 1..300),
        ) {
            let mut shard = Shard::new(pace(), 3);
            let mut own: BTreeMap<u64, u64> = BTreeMap::new();
            let mut now = 1;
            for (after, event) in events {
                now += after;
                match event {
                    Event::Try(key) => {
                        let looked = shard.look(key, now);
                        let taken = shard.take(key, now);
                        prop_assert_eq!(looked, taken);
                        if taken.is_ok() {
                            let full_at = own.entry(key).or_default();
                            let next = pace().take(*full_at, now);
                            prop_assert!(next.is_ok(), "client {} got one too many", key);
                            *full_at = next.expect("a token");
                        }
                    }
                    Event::Room(room) => shard.change(pace(), room, now),
                }
                prop_assert!(shard.full_at.len() <= shard.room);
            }
        }
    }

    #[test]
    fn clients_do_not_take_from_each_other_and_those_without_room_share() {
        let clients = Clients::new(pace(), SHARDS);
        for _ in 0..BURST {
            assert_eq!(clients.take(b"a", 1), Ok(()));
        }
        assert!(clients.take(b"a", 1).is_err() && clients.look(b"a", 1).is_err());
        // Of two hundred others, sixteen at most have a bucket, and each shard has one more.
        let let_in = (0..200_u8).map(|one| (0..BURST).filter(|_| clients.take(&[one], 1).is_ok()).count());
        let let_in: usize = let_in.sum();
        assert!(clients.count() <= SHARDS);
        assert!(let_in <= 2 * SHARDS * BURST as usize, "{let_in}");
    }
}
