//! The rarer ways in which a file is replaced: each is a way of one that target folders list.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{ConfigFile, READABLE, open_folder, write};
use crate::drive::error::DriveError;
use crate::vocabulary::Delivery;

/// How many bytes a file may grow by, where its size is not to change: the digits of a few numbers.
const ROOM: usize = 64;

/// What follows a part of a file that is good by itself: a comment in most languages of configurations.
pub(super) const AFTERTHOUGHT: &[u8] = b"\n# and what its writer wrote at last\n";

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
            None if self.delivery == Delivery::GoodPartFirst => [&content, AFTERTHOUGHT].concat(),
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

    /// Makes a new release, with the file in it, and turns the link to it.
    pub(super) fn release(&mut self, content: &[u8]) -> Result<(), DriveError> {
        self.written += 1;
        let release = self.kept.join(self.written.to_string());
        let below = self.path.strip_prefix(&self.current).unwrap_or(&self.path);
        let file = release.join(below);
        let root = self.kept.parent().unwrap_or(&self.kept);
        open_folder(root, file.parent().unwrap_or(&release))?;
        write(&file, content)?;
        let temporary = self.current.with_extension("new");
        symlink(&release, &temporary).map_err(DriveError::file("link", &temporary))?;
        fs::rename(&temporary, &self.current).map_err(DriveError::file("rename over", &self.current))
    }

    pub(super) fn save_as_vim(&mut self, content: &[u8]) -> Result<(), DriveError> {
        let backup = self.backup();
        // After a deletion there is none to keep.
        let is_there = self.path.exists();
        if is_there {
            fs::rename(&self.path, &backup).map_err(DriveError::file("rename", &self.path))?;
        }
        write(&self.path, content)?;
        if is_there {
            fs::remove_file(&backup).map_err(DriveError::file("remove", &backup))?;
        }
        Ok(())
    }

    pub(super) fn save_as_emacs(&mut self, content: &[u8]) -> Result<(), DriveError> {
        let lock = self.folder.join(format!(".#{}", self.name));
        symlink("somebody@somewhere.1:1", &lock).map_err(DriveError::file("link", &lock))?;
        if self.path.exists() {
            let backup = self.backup();
            fs::copy(&self.path, &backup).map_err(DriveError::file("copy", &self.path))?;
        }
        write(&self.path, content)?;
        fs::remove_file(&lock).map_err(DriveError::file("remove", &lock))
    }

    pub(super) fn install(&mut self, content: &[u8]) -> Result<(), DriveError> {
        if self.path.exists() {
            self.remove()?;
        }
        let installed = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path)
            .and_then(|mut file| {
                file.write_all(content)?;
                file.set_permissions(fs::Permissions::from_mode(READABLE | 0o200))
            });
        installed.map_err(DriveError::file("install", &self.path))
    }

    pub(super) fn link_over(&mut self, content: &[u8]) -> Result<(), DriveError> {
        self.written += 1;
        let elsewhere = self.kept.join(self.written.to_string());
        let root = self.kept.parent().unwrap_or(&self.kept);
        open_folder(root, &self.kept)?;
        write(&elsewhere, content)?;
        let temporary = self.beside();
        fs::hard_link(&elsewhere, &temporary).map_err(DriveError::file("link", &temporary))?;
        fs::rename(&temporary, &self.path).map_err(DriveError::file("rename over", &self.path))
    }

    /// Where an editor keeps the old one.
    fn backup(&self) -> PathBuf {
        let mut name = OsString::from(&self.name);
        name.push("~");
        self.folder.join(name)
    }
}
