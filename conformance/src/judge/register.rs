//! What a process was told to serve, in order: a register that good files write, and rollbacks.
//!
//! A rollback writes an earlier generation again, so generations alone do not tell which of two answers is the older one. Each write has its rank; an
//! answer is of the newest write of its generation that it could be of.

use super::life::{Life, Write};
use super::request::served_fresh;
use super::view::MS;
use crate::vocabulary::{Generation, Nanos, Request, Rollback, TargetFacts};

/// An order to serve an earlier version again, and what came of it.
pub(super) struct Restored<'a> {
    pub(super) order: &'a Rollback,
    /// The next delivery or order, whatever else was done to the file, or the end of the life.
    pub(super) until: Nanos,
    /// Its place among all that was delivered and ordered.
    pub(super) rank: usize,
    /// The first answer of what it restores, on a connection that was made after it was given, was over then.
    pub(super) seen: Option<Nanos>,
}

/// One write of the register.
#[derive(Clone, Copy)]
pub(super) enum Installed<'l, 'a> {
    /// A good file.
    File(&'l Write<'a>),
    /// A version that had served before.
    Version(&'l Restored<'a>, Generation),
}

// === impl Restored ===

impl Restored<'_> {
    /// When it was first served again, if it was.
    pub(super) fn first_seen(order: &Rollback, requests: &[&Request]) -> Option<Nanos> {
        let is_it = |request: &&&Request| {
            request.connect >= order.begin
                && order.restores.is_some()
                && served_fresh(request) == order.restores
        };
        requests.iter().find(is_it).map(|request| request.at)
    }

    /// When an answer had been read that says that it serves.
    pub(super) fn acknowledged(&self) -> Option<Nanos> {
        self.order.acknowledges().then_some(self.order.at)
    }
}

// === impl Installed ===

impl<'l, 'a> Installed<'l, 'a> {
    pub(super) fn generation(self) -> Generation {
        match self {
            Self::File(write) => write.generation(),
            Self::Version(_, generation) => generation,
        }
    }

    pub(super) fn rank(self) -> usize {
        match self {
            Self::File(write) => write.rank,
            Self::Version(restored, _) => restored.rank,
        }
    }

    pub(super) fn begin(self) -> Nanos {
        match self {
            Self::File(write) => write.config.begin,
            Self::Version(restored, _) => restored.order.begin,
        }
    }

    pub(super) fn seen(self) -> Option<Nanos> {
        match self {
            Self::File(write) => write.seen,
            Self::Version(restored, _) => restored.seen,
        }
    }

    /// The file, if it is one.
    pub(super) fn file(self) -> Option<&'l Write<'a>> {
        match self {
            Self::File(write) => Some(write),
            Self::Version(..) => None,
        }
    }

    /// When an acknowledgement of success had been read.
    pub(super) fn acknowledged(self, facts: &TargetFacts) -> Option<Nanos> {
        match self {
            Self::File(write) => write.acknowledged(facts),
            Self::Version(restored, _) => restored.acknowledged(),
        }
    }

    /// When its mixing window had closed.
    ///
    /// As long as that of what came before it is open, an answer of what it restores may be a late one of when that served first.
    pub(super) fn window_closed(self, life: &Life<'_>, facts: &TargetFacts) -> Option<Nanos> {
        let Self::Version(restored, _) = self else {
            return self.file()?.window_closed(facts);
        };
        let bound = facts.apply_bound_ms.saturating_mul(MS);
        let left = match life.installed().into_iter().rfind(|one| one.rank() < self.rank()) {
            Some(left) => left.window_closed(life, facts),
            None => Some(0),
        };
        let by_time = restored
            .seen
            .zip(left)
            .map(|(seen, left)| seen.max(left).saturating_add(bound));
        by_time.into_iter().chain(restored.acknowledged()).min()
    }
}

// === impl Life ===

impl<'a> Life<'a> {
    /// All that it was told to serve after its first file, in order.
    pub(super) fn installed(&self) -> Vec<Installed<'_, 'a>> {
        let files = self.changes().map(Installed::File);
        let versions = self
            .rollbacks
            .iter()
            .filter_map(|restored| Some(Installed::Version(restored, restored.order.restores?)));
        let mut all: Vec<_> = files.chain(versions).collect();
        all.sort_by_key(|one| one.rank());
        all
    }

    /// The rank of the newest write that an answer of a generation, over at a time, can be of.
    pub(super) fn rank_of(&self, generation: Generation, at: Nanos) -> usize {
        let files = || {
            let writes = self.writes.iter();
            writes.map(|write| (write.generation(), write.config.begin, write.rank))
        };
        let versions = self.rollbacks.iter().filter_map(|restored| {
            let Rollback { begin, restores, .. } = restored.order;
            Some(((*restores)?, *begin, restored.rank))
        });
        let is_of_it = |(one, begin, _): &(Generation, Nanos, usize)| *one == generation && *begin < at;
        let newest = files()
            .chain(versions)
            .filter(is_of_it)
            .map(|(.., rank)| rank)
            .max();
        // What was not delivered by then is as old as its number says.
        let by_number = || {
            files()
                .filter(|(one, ..)| *one < generation)
                .map(|(.., rank)| rank)
                .max()
        };
        newest.or_else(by_number).unwrap_or(0)
    }

    /// What was ordered or delivered last before a time, if anything was after the first file.
    fn last_before(&self, time: Nanos) -> Option<Installed<'_, 'a>> {
        let is_taken = |one: &Installed<'_, 'a>| match one {
            Installed::File(_) => true,
            Installed::Version(restored, _) => restored.order.reply.yes,
        };
        self.installed()
            .into_iter()
            .rfind(|one| one.begin() < time && is_taken(one))
    }

    /// The generation that was delivered last before a time, or ordered back.
    pub(super) fn newest_before(&self, time: Nanos) -> Generation {
        self.last_before(time).map_or(self.first, Installed::generation)
    }

    /// Whether an answer of a generation is of nothing older than what was final when its connection was made.
    pub(super) fn is_current(&self, request: &Request, generation: Generation, facts: &TargetFacts) -> bool {
        let is_final = |one: &Installed<'_, 'a>| {
            one.window_closed(self, facts)
                .is_some_and(|closed| closed < request.connect)
        };
        let newest = self.installed().into_iter().rfind(is_final);
        newest.is_none_or(|newest| self.rank_of(generation, request.at) >= newest.rank())
    }
}
