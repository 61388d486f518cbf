//! Reads a configuration file and nothing else: no device, no pipe, no directory, and never without bound.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Statx, StatxFlags, makedev};
use rustix::io::Errno;

use crate::config::SIZE_LIMIT_BYTES;

/// What was read, and what the file system says about it.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) stamp: Stamp,
}

/// What tells that a file was touched: device, inode, size, and the times of the last change of content and of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    identity: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file system refuses.
    #[error("failed to read {}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is something else than a file.
    #[error("failed to read {}: it is {kind}, not a file", .path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        kind: &'static str,
    },
    /// It is larger than any configuration.
    #[error("failed to read {}: it has {size} bytes, at most {SIZE_LIMIT_BYTES} are read", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
    /// There are more files than any configuration has.
    #[error("failed to read {}: it refers to {count} files, at most {limit} are read", .path.display())]
    TooMany {
        /// The main file.
        path: PathBuf,
        /// How many, at least.
        count: usize,
        /// How many are read.
        limit: usize,
    },
    /// It is larger than any value.
    #[error("failed to read {}: `${{file:...}}` takes at most {limit} bytes", .path.display())]
    NoSecret {
        /// The file.
        path: PathBuf,
        /// How many bytes are read.
        limit: usize,
    },
    /// A folder cannot be searched.
    #[error("failed to search {} for what is included at {included}: {error}", .path.display())]
    Search {
        /// The folder.
        path: PathBuf,
        /// The place of the include.
        included: String,
        /// Why.
        error: io::Error,
    },
    /// An include is no pattern.
    #[error("failed to follow the include at {included}: {error}")]
    Pattern {
        /// The place of the include.
        included: String,
        /// Why.
        error: String,
    },
    /// It changed while it was read.
    #[error("failed to read {}: it changed while it was read, again and again", .path.display())]
    Unsteady {
        /// The file.
        path: PathBuf,
    },
}

/// How long to wait after each reading that a change spoiled, before the last.
pub(super) const UNSTEADY_PAUSES: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
];

/// Clocks of file systems tick every few milliseconds, some every second or two: what changes twice within a tick says so once.
const TICK: Duration = Duration::from_secs(3);

/// Reads a file whole. What it returns stood in the file at one moment.
pub(super) fn read(path: &Path) -> Result<Content, ReadError> {
    let io = |error: io::Error| ReadError::Io {
        path: path.to_owned(),
        error,
    };
    // Looked at before it is opened: opening a device can have effects.
    check(path, &std::fs::metadata(path).map_err(io)?)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let descriptor = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| io(error.into()))?;
    let mut file = File::from(descriptor);
    let before = file.metadata().map_err(io)?;
    check(path, &before)?;
    let mut bytes = Vec::with_capacity(before.len() as usize);
    (&mut file)
        .take(SIZE_LIMIT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    let after = Stamp::of(&file.metadata().map_err(io)?);
    if after != Stamp::of(&before) || bytes.len() as u64 != after.size {
        return Err(ReadError::Unsteady {
            path: path.to_owned(),
        });
    }
    Ok(Content { bytes, stamp: after })
}

/// What the file system says about a file, if need be after it has asked the server that has it.
pub(super) fn stamp(path: &Path) -> io::Result<Stamp> {
    match rustix::fs::statx(CWD, path, AtFlags::STATX_FORCE_SYNC, StatxFlags::BASIC_STATS) {
        Ok(said) => Ok(Stamp::from(said)),
        // A kernel, or a sandbox, that knows no such call.
        Err(Errno::NOSYS | Errno::PERM) => std::fs::metadata(path).map(|metadata| Stamp::of(&metadata)),
        Err(error) => Err(error.into()),
    }
}

fn check(path: &Path, metadata: &Metadata) -> Result<(), ReadError> {
    if !metadata.is_file() {
        let kind = if metadata.is_dir() {
            "a directory"
        } else {
            "a device, pipe or socket"
        };
        return Err(ReadError::NoFile {
            path: path.to_owned(),
            kind,
        });
    }
    if metadata.len() > SIZE_LIMIT_BYTES {
        return Err(ReadError::TooLarge {
            path: path.to_owned(),
            size: metadata.len(),
        });
    }
    Ok(())
}

// === impl Stamp ===

impl From<Statx> for Stamp {
    fn from(said: Statx) -> Self {
        let device = makedev(said.stx_dev_major, said.stx_dev_minor);
        Self {
            identity: (device, said.stx_ino),
            size: said.stx_size,
            modified: (said.stx_mtime.tv_sec, said.stx_mtime.tv_nsec.into()),
            changed: (said.stx_ctime.tv_sec, said.stx_ctime.tv_nsec.into()),
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            identity: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether a file that was read `now` and has changed since has another stamp.
    pub(super) fn is_telling(&self, now: SystemTime) -> bool {
        let times = [self.modified, self.changed];
        times.into_iter().all(|(seconds, nanoseconds)| {
            let since = Duration::new(seconds.unsigned_abs(), nanoseconds.unsigned_abs() as u32);
            let latest = if seconds < 0 {
                UNIX_EPOCH
            } else {
                UNIX_EPOCH + since
            };
            now.duration_since(latest).is_ok_and(|age| age >= TICK)
        })
    }
}
