//! The configuration file: what it holds, and when that changed.
//!
//! In: file system events, which are only hints, and the clock's next poll. Out: a [`Sight`] of the file: a candidate, or the news that it
//! is gone or back. It never says what a content means, and it never hands over a file that somebody is known to be writing.

mod hops;
mod intent;
mod read;
mod watch;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use intent::Hint;
pub use read::ReadError;

use crate::reload::{Candidate, Digest};
use intent::Intent;
use read::{Content, Stamp, UNSTEADY_PAUSES, read, read_patiently, stamp};
use watch::Watch;

/// A file that is looked at again and again.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    watch: Watch,
    intent: Intent,
    /// The content that was handed over last.
    seen: Option<Digest>,
    /// What the file system said about the file when its content was read last, and when that was.
    stamp: Option<(Stamp, Instant)>,
    /// A content that a poll found, and which another poll has to confirm.
    unconfirmed: Option<Digest>,
    absent: Option<Absent>,
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
/// What the file system says about a file is not trusted for longer than this: then the content is read anyway.
const REREAD: Duration = Duration::from_secs(10);
/// A file that is replaced by removal and creation is gone for a moment. That is not worth a warning.
const ABSENCE_GRACE: Duration = Duration::from_millis(100);

// === impl Source ===

impl Source {
    /// Begins to watch `path` and reads it. Hints go to `hints`; what happens between the first read and the first hint is not lost,
    /// because the watch is there before.
    pub fn open(path: &Path, hints: impl Fn(Hint) + Send + 'static) -> Result<(Self, Candidate), ReadError> {
        let now = Instant::now();
        let mut source = Self {
            path: path.to_owned(),
            watch: Watch::new(path, hints),
            intent: Intent::default(),
            seen: None,
            stamp: None,
            unconfirmed: None,
            absent: None,
            unsteady: Unsteady::default(),
            next_poll: now + POLL,
        };
        let Content { bytes, stamp } = read_patiently(path)?;
        source.stamp = Some((stamp, now));
        let candidate = Candidate::new(path, bytes);
        source.seen = Some(candidate.digest);
        Ok((source, candidate))
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
        [grace, self.intent.expires_at(), self.unsteady.retry]
            .into_iter()
            .flatten()
            .fold(self.next_poll, Instant::min)
    }

    /// Looks at the file if a hint or the clock asks for it.
    pub fn look(&mut self) -> Sight {
        let now = Instant::now();
        self.intent.expire(now);
        if self.unsteady.retry.is_some_and(|retry| retry <= now) {
            self.unsteady.retry = None;
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
            self.see(now, hinted)
        } else {
            return Sight::Same;
        };
        if self.watch.rearm() {
            // What happened before the new watch was there is found by another look.
            self.intent.want_look();
        }
        sight
    }

    /// Reads the file whatever is known about it: for those who ask explicitly. [`Sight::Same`] if that cannot be done and was said before.
    pub fn read_now(&mut self) -> Sight {
        let Content { bytes, stamp } = match read_patiently(&self.path) {
            Ok(content) => content,
            // Whoever asks is told at once, but as part of the same episode.
            Err(error) => return self.see_absence(Instant::now(), error, Duration::ZERO),
        };
        self.stamp = Some((stamp, Instant::now()));
        let candidate = Candidate::new(&self.path, bytes);
        self.seen = Some(candidate.digest);
        self.unconfirmed = None;
        self.absent = None;
        self.unsteady = Unsteady::default();
        Sight::New {
            candidate,
            in_place: false,
        }
    }

    /// Takes back that a content was handed over, because it turned out to be in the middle of being written.
    pub fn forget(&mut self, previous: Option<Digest>) {
        self.seen = previous;
        self.stamp = None;
    }

    /// The content that was handed over last.
    pub fn seen(&self) -> Option<Digest> {
        self.seen
    }

    fn see(&mut self, now: Instant, hinted: bool) -> Sight {
        if !hinted && self.absent.is_none() && self.unconfirmed.is_none() && self.looks_untouched(now) {
            return Sight::Same;
        }
        let spoiled = std::mem::take(&mut self.unsteady).count;
        match read(&self.path) {
            Ok(content) => self.see_content(now, content, hinted),
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
        let fresh = |(_, read_at): &(Stamp, Instant)| now.duration_since(*read_at) < REREAD;
        let kept = self.stamp.as_ref().filter(|kept| fresh(kept));
        kept.is_some_and(|(kept, _)| stamp(&self.path).is_ok_and(|current| current == *kept))
    }

    fn see_content(&mut self, now: Instant, content: Content, hinted: bool) -> Sight {
        let was_told = self.absent.take().is_some_and(|absent| absent.told);
        self.stamp = Some((content.stamp, now));
        // A file that is written in place is empty for a moment. Only if it stays so it is meant.
        let hinted = hinted && !(content.bytes.is_empty() && self.intent.last_was_in_place());
        let candidate = Candidate::new(&self.path, content.bytes);
        if self.seen == Some(candidate.digest) {
            self.unconfirmed = None;
            return if was_told { Sight::Back } else { Sight::Same };
        }
        if !hinted && self.unconfirmed != Some(candidate.digest) {
            self.unconfirmed = Some(candidate.digest);
            self.absent = was_told.then_some(Absent {
                since: now,
                told: true,
            });
            return Sight::Same;
        }
        self.unconfirmed = None;
        self.seen = Some(candidate.digest);
        Sight::New {
            candidate,
            in_place: self.intent.last_was_in_place(),
        }
    }

    fn see_absence(&mut self, now: Instant, error: ReadError, grace: Duration) -> Sight {
        self.stamp = None;
        self.unconfirmed = None;
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

/// Reads a file once, without watching it.
pub fn read_candidate(path: &Path) -> Result<Candidate, ReadError> {
    read_patiently(path).map(|content| Candidate::new(path, content.bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use notify::event::{ModifyKind, RemoveKind, RenameMode};
    use notify::{Event, EventKind};

    use super::*;

    #[test]
    fn the_end_of_the_old_file_after_a_swap_of_links_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("its path");
        for version in ["v1", "v2"] {
            std::fs::create_dir(root.join(version)).expect("a folder");
            std::fs::write(root.join(version).join("proxy.yaml"), version).expect("a file");
        }
        symlink("v1", root.join("current")).expect("a link");
        let (mut source, _) = Source::open(&root.join("current/proxy.yaml"), |_| {}).expect("a source");
        symlink("v2", root.join("next")).expect("a link");
        std::fs::rename(root.join("next"), root.join("current")).expect("a swap");
        std::fs::remove_dir_all(root.join("v1")).expect("a removal");
        // Both are told before anybody looks.
        let event = |kind, path: &str| Hint::from(Ok(Event::new(kind).add_path(root.join(path))));
        source.hint(&event(
            EventKind::Modify(ModifyKind::Name(RenameMode::To)),
            "current",
        ));
        source.hint(&event(EventKind::Remove(RemoveKind::File), "v1/proxy.yaml"));
        let Sight::New { candidate, in_place } = source.look() else {
            panic!("it was not looked at")
        };
        assert_eq!(&*candidate.bytes, b"v2");
        assert!(!in_place);
    }

    #[test]
    fn a_file_that_never_rests_is_read_with_pauses_and_told_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("proxy.yaml");
        std::fs::write(&path, "a").expect("a file");
        let (mut source, _) = Source::open(&path, |_| {}).expect("a source");
        std::fs::remove_file(&path).expect("a removal");
        // Its size is 0, whatever it holds.
        symlink("/proc/self/status", &path).expect("a link");
        source.hint(&Hint::from(Err(notify::Error::generic("lost"))));
        let mut looks = 0;
        let error = loop {
            looks += 1;
            assert!(looks < 30, "read again without a pause");
            std::thread::sleep(source.next_look().saturating_duration_since(Instant::now()));
            if let Sight::Gone(error) = source.look() {
                break error;
            }
        };
        assert!(matches!(error, ReadError::Unsteady { .. }), "{error}");
        std::fs::remove_file(&path).expect("a removal");
        std::fs::write(&path, "a").expect("a file");
        source.hint(&Hint::from(Err(notify::Error::generic("lost"))));
        assert!(matches!(source.look(), Sight::Back));
    }

    #[test]
    fn who_asks_for_a_file_that_is_gone_is_told_once_an_episode() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("proxy.yaml");
        std::fs::write(&path, "a").expect("a file");
        let (mut source, _) = Source::open(&path, |_| {}).expect("a source");
        for _ in 0..2 {
            std::fs::remove_file(&path).expect("a removal");
            assert!(matches!(source.read_now(), Sight::Gone(_)));
            assert!(matches!(source.read_now(), Sight::Same));
            source.hint(&Hint::from(Err(notify::Error::generic("lost"))));
            assert!(matches!(source.look(), Sight::Same));
            std::fs::write(&path, "a").expect("a file");
            assert!(matches!(source.read_now(), Sight::New { .. }));
        }
    }
}
