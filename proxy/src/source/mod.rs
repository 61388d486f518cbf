//! The configuration file and all that it refers to: what they hold, and when that changed.
//!
//! In: file system events, which are only hints, and the clock's next poll. Out: a [`Sight`] of them: a candidate, or the news that it
//! is gone or back. It never says what a content means, and it never hands over a file that somebody is known to be writing.

mod gather;
mod hops;
mod include;
mod intent;
mod read;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use intent::Hint;
pub use read::ReadError;

use crate::config::Memory;
use crate::pace;
use crate::reload::{Candidate, Digest};
use gather::{Known, REREAD, Stamps, Tracked, Whole, gather, gather_patiently};
use intent::Intent;
use read::{UNSTEADY_PAUSES, stamp};
use watch::Watch;

/// A file that is looked at again and again.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    /// All that the configuration depended on when it was read last.
    tracked: Tracked,
    known: Known,
    watch: Watch,
    intent: Intent,
    /// The content that was handed over last.
    seen: Option<Digest>,
    /// What the file system said when all of it was read last, and when that was.
    stamps: Option<(Stamps, Instant)>,
    /// A content that a poll found, and which another poll has to confirm.
    unconfirmed: Option<Digest>,
    absent: Option<Absent>,
    /// The files that were included in what was handed over last, and since when one of them is gone.
    members: Vec<PathBuf>,
    lost: Option<Instant>,
    unsteady: Unsteady,
    next_poll: Instant,
}

/// A file that changes whenever it is read.
#[derive(Debug, Default)]
struct Unsteady {
    /// Readings in a row that were spoiled.
    count: usize,
    /// When to try again.
    retry: Option<Instant>,
}

/// An episode in which there is nothing to read.
#[derive(Debug)]
struct Absent {
    since: Instant,
    told: bool,
}

/// What a look at the file showed.
#[derive(Debug)]
pub enum Sight {
    /// Nothing new.
    Same,
    /// Another content than before.
    New {
        /// The content.
        candidate: Candidate,
        /// It was written into the file as it stands, so that a writer may have begun anew.
        in_place: bool,
    },
    /// The file cannot be read. Said once an episode.
    Gone(ReadError),
    /// After [`Gone`](Self::Gone): the file can be read, and holds what it held before.
    Back,
}

/// How often the file is looked at without a hint. Two looks that see the same confirm a content, so that a change that no event told of
/// is applied within twice this.
const POLL: Duration = Duration::from_millis(500);
/// A file that is replaced by removal and creation is gone for a moment. That is not worth a warning.
const ABSENCE_GRACE: Duration = Duration::from_millis(100);

// === impl Source ===

impl Source {
    /// Begins to watch `path` and reads it. Hints go to `hints`; what happens between the first read and the first hint is not lost,
    /// because the watch is there before.
    pub fn open(
        path: &Path,
        memory: &mut Memory,
        hints: impl Fn(Hint) + Send + 'static,
    ) -> Result<(Self, Candidate), ReadError> {
        let now = Instant::now();
        let alone = Tracked {
            files: vec![path.to_owned()],
            ..Tracked::default()
        };
        let mut source = Self {
            path: path.to_owned(),
            watch: Watch::new(&alone, hints),
            tracked: alone,
            known: Known::default(),
            intent: Intent::default(),
            seen: None,
            stamps: None,
            unconfirmed: None,
            absent: None,
            members: Vec::new(),
            lost: None,
            unsteady: Unsteady::default(),
            next_poll: now + POLL,
        };
        let whole = source.gather(true, memory)?;
        source.hand_over(&whole);
        source.rearm();
        Ok((source, whole.candidate))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes note of a hint.
    pub fn hint(&mut self, hint: &Hint) {
        self.intent.take(hint, &self.watch, Instant::now());
        self.watch.doubt(hint);
    }

    /// Whether a writer is known to have the file open, or a hint waits to be looked into.
    pub fn is_unsettled(&self) -> bool {
        self.intent.is_writing() || self.intent.wants_look()
    }

    /// When to look again, if no hint comes before.
    pub fn next_look(&self) -> Instant {
        if self.intent.wants_look() {
            return Instant::now();
        }
        let grace = self
            .absent
            .as_ref()
            .filter(|absent| !absent.told)
            .map(|absent| absent.since + ABSENCE_GRACE);
        // Once it is over it is looked at like anything else.
        let now = Instant::now();
        let lost = self
            .lost
            .map(|since| since + ABSENCE_GRACE)
            .filter(|end| *end > now);
        [grace, lost, self.intent.expires_at(), self.unsteady.retry]
            .into_iter()
            .flatten()
            .fold(self.next_poll, Instant::min)
    }

    /// Looks at the file if a hint or the clock asks for it.
    pub fn look(&mut self, memory: &mut Memory) -> Sight {
        pace::begin();
        let now = Instant::now();
        self.intent.expire(now);
        if self.unsteady.retry.is_some_and(|retry| retry <= now) {
            self.unsteady.retry = None;
            self.intent.want_look();
        }
        if self.lost.is_some_and(|since| since + ABSENCE_GRACE <= now) {
            self.intent.want_look();
        }
        let due = now >= self.next_look();
        let hinted = self.intent.take_look();
        if now >= self.next_poll {
            self.next_poll = now + POLL;
        }
        let sight = if self.intent.is_writing() {
            self.see_whether_gone(now)
        } else if hinted || due {
            self.see(now, hinted, memory)
        } else {
            return Sight::Same;
        };
        if !matches!(sight, Sight::New { .. }) {
            self.follow();
        }
        sight
    }

    /// Watches what was read. For whoever is handed something [`New`](Sight::New): once it serves, as nothing of it waits for this.
    pub fn follow(&mut self) {
        if self.watch.rearm(&self.tracked) {
            // What happened before the new watch was there is found by another look.
            self.intent.want_look();
        }
    }

    /// Reads the file whatever is known about it: for those who ask explicitly. [`Sight::Same`] if that cannot be done and was said before.
    pub fn read_now(&mut self, memory: &mut Memory) -> Sight {
        pace::begin();
        let whole = match self.gather(true, memory) {
            Ok(whole) => whole,
            // Whoever asks is told at once, but as part of the same episode.
            Err(error) => return self.see_absence(Instant::now(), error, Duration::ZERO),
        };
        self.hand_over(&whole);
        self.absent = None;
        self.unsteady = Unsteady::default();
        self.rearm();
        Sight::New {
            candidate: whole.candidate,
            in_place: false,
        }
    }

    /// The files that the configuration consisted of when it was read last, the main file first.
    pub fn files(&self) -> &[PathBuf] {
        &self.tracked.files
    }

    fn gather(&mut self, patiently: bool, memory: &mut Memory) -> Result<Whole, ReadError> {
        let gather = if patiently { gather_patiently } else { gather };
        let (tracked, whole) = gather(&self.path, &mut self.known, memory);
        self.tracked = tracked;
        whole
    }

    /// Watches what was read. What happened before it was watched is found by the next poll, which no event has to confirm.
    fn rearm(&mut self) {
        if self.watch.rearm(&self.tracked) {
            self.next_poll = Instant::now();
        }
    }

    /// Takes note of what is handed over.
    fn hand_over(&mut self, whole: &Whole) {
        let Whole {
            candidate,
            stamps,
            read_at,
            ..
        } = whole;
        self.stamps = Some((stamps.clone(), *read_at));
        self.seen = Some(candidate.digest);
        self.unconfirmed = None;
        self.lost = None;
        let members = candidate.members.iter().flatten();
        self.members = members.map(|member| PathBuf::from(&member.name)).collect();
    }

    /// Takes back that a content was handed over, because it turned out to be in the middle of being written.
    pub fn forget(&mut self, previous: Option<Digest>) {
        self.seen = previous;
        self.stamps = None;
    }

    /// The content that was handed over last.
    pub fn seen(&self) -> Option<Digest> {
        self.seen
    }

    fn see(&mut self, now: Instant, hinted: bool, memory: &mut Memory) -> Sight {
        if !hinted && self.absent.is_none() && self.unconfirmed.is_none() && self.looks_untouched(now) {
            return Sight::Same;
        }
        let spoiled = std::mem::take(&mut self.unsteady).count;
        if self.intent.last_was_in_place() {
            // A writer may leave the times as they were, as one who maps the file into memory does on some file systems.
            self.known.forget_contents();
        }
        match self.gather(false, memory) {
            Ok(whole) => self.see_whole(now, whole, hinted),
            Err(error @ ReadError::Unsteady { .. }) => {
                // A writer is at work and makes itself known, or the file was only touched: look once more either way, but not for ever.
                self.unsteady.count = spoiled + 1;
                match UNSTEADY_PAUSES.get(spoiled) {
                    Some(&pause) => {
                        self.unsteady.retry = Some(now + pause);
                        Sight::Same
                    }
                    None => self.see_absence(now, error, ABSENCE_GRACE),
                }
            }
            Err(error) => self.see_absence(now, error, ABSENCE_GRACE),
        }
    }

    /// While somebody writes, the content is not looked at, but that the file is gone is noticed.
    fn see_whether_gone(&mut self, now: Instant) -> Sight {
        match stamp(&self.path) {
            Ok(_) => Sight::Same,
            Err(error) => {
                self.intent.nobody_writes();
                self.see_absence(
                    now,
                    ReadError::Io {
                        path: self.path.clone(),
                        error,
                    },
                    ABSENCE_GRACE,
                )
            }
        }
    }

    fn looks_untouched(&self, now: Instant) -> bool {
        let fresh = |(_, read_at): &&(Stamps, Instant)| now.duration_since(*read_at) < REREAD;
        let kept = self.stamps.as_ref().filter(fresh);
        kept.is_some_and(|(kept, _)| kept.hold())
    }

    fn see_whole(&mut self, now: Instant, whole: Whole, hinted: bool) -> Sight {
        let was_told = self.absent.take().is_some_and(|absent| absent.told);
        let digest = whole.candidate.digest;
        self.stamps = Some((whole.stamps.clone(), whole.read_at));
        if self.seen == Some(digest) {
            self.unconfirmed = None;
            self.lost = None;
            return if was_told { Sight::Back } else { Sight::Same };
        }
        // A file that is written in place is empty for a moment. Only if it stays so it is meant. Of a part, nobody knows which event
        // was about it.
        let is_blank = whole.candidate.bytes.is_empty() && self.intent.last_was_in_place();
        let hinted = hinted && !is_blank && !whole.has_blank_part;
        let unconfirmed = !hinted && self.unconfirmed != Some(digest);
        if unconfirmed || self.has_just_lost_one(now) {
            self.unconfirmed = unconfirmed.then_some(digest);
            self.absent = was_told.then_some(Absent {
                since: now,
                told: true,
            });
            return Sight::Same;
        }
        self.hand_over(&whole);
        Sight::New {
            candidate: whole.candidate,
            in_place: self.intent.last_was_in_place(),
        }
    }

    /// Whether an included file has gone so lately that it may be about to be replaced. A pattern matches what is there, so that
    /// nothing else would tell of it.
    fn has_just_lost_one(&mut self, now: Instant) -> bool {
        let tracked: HashSet<&PathBuf> = self.tracked.files.iter().collect();
        let gone = |path: &PathBuf| !tracked.contains(path);
        if !self.members.iter().any(gone) {
            self.lost = None;
            return false;
        }
        let since = *self.lost.get_or_insert(now);
        // The next look decides, whatever it sees.
        now < since + ABSENCE_GRACE
    }

    fn see_absence(&mut self, now: Instant, error: ReadError, grace: Duration) -> Sight {
        self.stamps = None;
        self.unconfirmed = None;
        self.lost = None;
        let absent = self.absent.get_or_insert(Absent {
            since: now,
            told: false,
        });
        if absent.told || now < absent.since + grace {
            return Sight::Same;
        }
        absent.told = true;
        Sight::Gone(error)
    }
}

/// Reads a file, with all that it refers to, once and without watching it.
pub fn read_candidate(path: &Path) -> Result<Candidate, ReadError> {
    let (_, whole) = gather_patiently(path, &mut Known::default(), &mut Memory::default());
    whole.map(|whole| whole.candidate)
}
