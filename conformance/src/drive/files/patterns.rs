//! The rarer ways in which a file is replaced: each is a way of one that target folders list.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::SystemTime;

use super::{ConfigFile, write};
use crate::drive::error::DriveError;

/// How many bytes a file may grow by, where its size is not to change: the digits of a few numbers.
const ROOM: usize = 64;

/// What all files of a run have in common, where they are to look alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Likeness {
    size: usize,
    modified: SystemTime,
}

impl Likeness {
    /// Lays the first file, with room for those that come to be longer.
    pub(super) fn lay(path: &Path, content: &[u8]) -> Result<Self, DriveError> {
        let size = content.len() + ROOM;
        write(path, &filled_up(content.to_vec(), size))?;
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
        Ok(Self {
            size,
            modified: modified.map_err(DriveError::file("look at", path))?,
        })
    }
}

/// With empty lines at its end, which mean nothing in any text format.
fn filled_up(mut content: Vec<u8>, size: usize) -> Vec<u8> {
    content.resize(size.max(content.len()), b'\n');
    content
}

impl ConfigFile {
    /// The bytes that are written where this content is to be delivered.
    pub(in crate::drive) fn shaped(&self, content: Vec<u8>) -> Vec<u8> {
        match self.likeness {
            Some(likeness) => filled_up(content, likeness.size),
            None => content,
        }
    }

    /// Renames a file over it that has its size and the time of its last change.
    pub(super) fn replace_by_one_alike(&mut self, content: &[u8]) -> Result<(), DriveError> {
        let content = self.shaped(content.to_vec());
        let temporary = self.beside();
        write(&temporary, &content)?;
        if let Some(likeness) = self.likeness {
            let times = FileTimes::new().set_modified(likeness.modified);
            let dated = File::options()
                .write(true)
                .open(&temporary)
                .and_then(|file| file.set_times(times));
            dated.map_err(DriveError::file("date", &temporary))?;
        }
        fs::rename(&temporary, &self.path).map_err(DriveError::file("rename over", &self.path))
    }
}
