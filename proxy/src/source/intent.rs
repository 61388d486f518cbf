//! What events mean: whether to look at the files, and whether somebody is in the middle of writing one.
//!
//! A file that is renamed or linked into place is whole, so it is looked at at once. A file that is written in place is whole when its writer
//! closes it. While a writer is known to be at work the file is not looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind};
use notify::{Event, EventKind};

use super::watch::Watch;

/// An event, as far as it matters here.
#[derive(Debug)]
pub struct Hint(Option<Event>);

/// What to do about the file.
#[derive(Debug, Default)]
pub(super) struct Intent {
    look: bool,
    /// Writers by the file that they have not closed.
    writing: BTreeMap<PathBuf, Writing>,
    in_place: bool,
}

/// A writer who has not closed the file.
#[derive(Debug, Clone, Copy)]
struct Writing {
    last_sign: Instant,
    patience: Duration,
}

/// A writer who was seen to write is waited for until it closes the file. If it neither writes nor closes for this long, what it has written
/// is taken for all.
const WRITER_PATIENCE: Duration = Duration::from_secs(30);
/// A file that appeared without a rename is mostly about to be written. If nobody writes for this long it was linked, whole, into its place;
/// or the events that would tell of the writer were lost.
const CREATOR_PATIENCE: Duration = Duration::from_millis(200);

// === impl Hint ===

impl Hint {
    /// Whether it can mean a change. Reading makes events too, our own reading first of all.
    pub(super) fn is_of_interest(&self) -> bool {
        let Some(event) = &self.0 else { return true };
        !matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write))
    }

    /// What was taken away or moved, so that a watch on it is gone, whatever stands there now.
    pub(super) fn uprooted(&self) -> &[PathBuf] {
        match &self.0 {
            Some(event) => match event.kind {
                EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => &event.paths,
                _ => &[],
            },
            None => &[],
        }
    }
}

impl From<notify::Result<Event>> for Hint {
    fn from(event: notify::Result<Event>) -> Self {
        // An error says that events were lost, and so does the flag: both mean to look.
        Self(event.ok().filter(|event| !event.need_rescan()))
    }
}

// === impl Intent ===

impl Intent {
    pub(super) fn take(&mut self, hint: &Hint, watch: &Watch, now: Instant) {
        let Some(event) = &hint.0 else {
            // Events were lost, perhaps the one that a writer has closed the file.
            self.writing.clear();
            self.look = true;
            return;
        };
        if !event.paths.iter().any(|path| watch.concerns(path)) {
            return;
        }
        let file = event.paths.iter().find(|path| watch.is_file(path));
        // What is renamed is put in place either way.
        let is_rename = matches!(event.kind, EventKind::Modify(ModifyKind::Name(_)));
        if !is_rename && let Some(stale) = file.filter(|file| watch.is_stale(file)) {
            // The end of a file that a link has turned away from, or a late writer of it: the file is another one now.
            self.put_in_place(std::slice::from_ref(stale), watch);
            return;
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                if let Some(file) = file {
                    self.writing.remove(file);
                    self.look = true;
                    self.in_place = true;
                }
            }
            EventKind::Access(_) => {}
            EventKind::Modify(ModifyKind::Data(_)) => {
                if let Some(file) = file {
                    self.wrote(file, now, WRITER_PATIENCE);
                }
            }
            EventKind::Modify(ModifyKind::Metadata(_)) => self.look = true,
            // What is there now, if anything, is perhaps just being created: that it is whole will be told.
            EventKind::Create(CreateKind::File) | EventKind::Remove(RemoveKind::File) => match file {
                Some(file) if !is_link(event) => self.wrote(file, now, CREATOR_PATIENCE),
                _ => self.put_in_place(&event.paths, watch),
            },
            _ => self.put_in_place(&event.paths, watch),
        }
    }

    /// Something was put in place, or taken away, as a whole.
    fn put_in_place(&mut self, paths: &[PathBuf], watch: &Watch) {
        self.writing
            .retain(|file, _| !paths.iter().any(|path| file.starts_with(path)) && !watch.is_stale(file));
        self.in_place = false;
        self.look = true;
    }

    fn wrote(&mut self, file: &Path, now: Instant, patience: Duration) {
        let writing = Writing {
            last_sign: now,
            patience,
        };
        self.writing.insert(file.to_owned(), writing);
        self.in_place = true;
    }

    /// There is nothing to write to.
    pub(super) fn nobody_writes(&mut self) {
        self.writing.clear();
    }

    /// Gives up on writers who show no sign of life, and looks at what is there.
    pub(super) fn expire(&mut self, now: Instant) {
        let before = self.writing.len();
        self.writing.retain(|_, writing| writing.end() > now);
        self.look |= self.writing.len() < before;
    }

    /// When to give up on a writer, if there is one.
    pub(super) fn expires_at(&self) -> Option<Instant> {
        self.writing.values().map(Writing::end).min()
    }

    pub(super) fn is_writing(&self) -> bool {
        !self.writing.is_empty()
    }

    pub(super) fn wants_look(&self) -> bool {
        self.look && self.writing.is_empty()
    }

    pub(super) fn want_look(&mut self) {
        self.look = true;
    }

    pub(super) fn take_look(&mut self) -> bool {
        let wanted = self.wants_look();
        if wanted {
            self.look = false;
        }
        wanted
    }

    pub(super) fn last_was_in_place(&self) -> bool {
        self.in_place
    }
}

// === impl Writing ===

impl Writing {
    fn end(&self) -> Instant {
        self.last_sign + self.patience
    }
}

fn is_link(event: &Event) -> bool {
    let link = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    event.paths.iter().any(link)
}
