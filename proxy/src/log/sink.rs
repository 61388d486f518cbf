//! Where records go: the standard error stream or a file, and from one to the other without a lost or cut record.
//!
//! In: whole records. Out: the same, each with one write. A file that cannot be written to costs the record its place, not the process.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::OFlags;

use crate::room;

/// The place of the moment.
#[derive(Debug, Default)]
pub(super) struct Sink(Mutex<Option<Opened>>);

/// A file that records are appended to.
#[derive(Debug)]
pub(super) struct Opened {
    path: Arc<Path>,
    file: File,
    is_new: bool,
}

/// One record on its way.
pub(super) struct Record(pub(super) Arc<Sink>);

/// A file that records cannot go to.
#[derive(Debug, thiserror::Error)]
#[error("failed to open the log {}: {error}", path.display())]
pub(super) struct LogError {
    path: Arc<Path>,
    error: io::Error,
}

/// Others than the owner's group need not read it.
const MODE: u32 = 0o640;

// === impl Opened ===

impl Opened {
    /// Opens or makes a file. A pipe or a device is refused: it could hold up whoever writes.
    pub(super) fn at(path: &Arc<Path>) -> Result<Self, LogError> {
        let fail = |error| LogError {
            path: Arc::clone(path),
            error,
        };
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
        let mut options = OpenOptions::new();
        options.append(true).mode(MODE).custom_flags(nonblocking);
        let made = options.clone().create_new(true).open(path);
        let is_new = made.is_ok();
        // It may come or go between the two.
        let file = made.or_else(|_| options.create(true).open(path)).map_err(fail)?;
        if !file.metadata().map_err(fail)?.is_file() {
            return Err(fail(io::Error::other("it is not a file")));
        }
        Ok(Self {
            path: Arc::clone(path),
            file,
            is_new,
        })
    }

    /// Fails as [`at`](Self::at) would. No file is made.
    pub(super) fn could_be_at(path: &Arc<Path>) -> Result<(), LogError> {
        if path.exists() {
            return Self::at(path).map(drop);
        }
        // A link that leads to nothing yet is followed.
        let link = std::fs::read_link(path).ok();
        let place = link.map(|link| path.parent().unwrap_or(Path::new("/")).join(link));
        room::for_file(place.as_deref().unwrap_or(path)).map_err(|error| LogError {
            path: Arc::clone(path),
            error,
        })
    }

    /// Takes the file away again if it was made for nothing.
    pub(super) fn discard(self) {
        let Self { path, file, is_new } = self;
        let is_empty = file.metadata().is_ok_and(|metadata| metadata.len() == 0);
        if is_new && is_empty {
            // An empty file that stays does no harm.
            let _ = std::fs::remove_file(path);
        }
    }
}

// === impl Sink ===

impl Sink {
    fn place(&self) -> MutexGuard<'_, Option<Opened>> {
        // A panic between two writes leaves a place that is as good as before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_file(&self) -> bool {
        self.place().is_some()
    }

    /// Sends records elsewhere from now on: to a file, or to stderr.
    pub(super) fn turn(&self, opened: Option<Opened>) {
        *self.place() = opened;
    }

    /// Opens the file of the moment anew and returns its path, if there is one.
    pub(super) fn reopen(&self) -> Result<Option<Arc<Path>>, LogError> {
        let mut place = self.place();
        let Some(path) = place.as_ref().map(|opened| Arc::clone(&opened.path)) else {
            return Ok(None);
        };
        *place = Some(Opened::at(&path)?);
        Ok(Some(path))
    }
}

// === impl Record ===

impl Write for Record {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self(sink) = self;
        let place = sink.place();
        if let Some(Opened { file, .. }) = &*place {
            let mut file = file;
            if file.write_all(bytes).is_ok() {
                return Ok(bytes.len());
            }
        }
        drop(place);
        io::stderr().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_follow_the_file_that_is_opened_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let path: Arc<Path> = Arc::from(folder.path().join("log"));
        let sink = Arc::new(Sink::default());
        let say = |text: &str| {
            Record(Arc::clone(&sink))
                .write_all(text.as_bytes())
                .expect("a write");
        };
        assert!(sink.reopen().expect("nothing to do").is_none());
        sink.turn(Some(Opened::at(&path).expect("a file")));
        say("one\n");
        let moved = folder.path().join("log.1");
        std::fs::rename(&path, &moved).expect("a rename");
        say("two\n");
        sink.reopen().expect("a file");
        say("three\n");
        assert_eq!(std::fs::read_to_string(&moved).expect("a file"), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "three\n");
        std::fs::remove_file(&path).expect("a removal");
        std::fs::create_dir(&path).expect("a folder");
        assert!(sink.reopen().is_err());
        assert!(Opened::at(&Arc::from(Path::new("/dev/null"))).is_err());
    }
}
