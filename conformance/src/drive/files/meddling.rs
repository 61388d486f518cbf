//! What else is done to the file: written again, touched, closed to all, or something else put in its place.

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::time::SystemTime;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{ConfigFile, READABLE};
use crate::drive::error::DriveError;
use crate::vocabulary::{Delivery, Meddling};

/// A comment in most languages of configurations.
const COMMENT: &[u8] = b"# a word to whoever reads this\n";

impl ConfigFile {
    /// Does it. `content` is what is written where the file is to be written again.
    pub(in crate::drive) fn meddle(&mut self, with: Meddling, content: &[u8]) -> Result<(), DriveError> {
        match with {
            Meddling::Rewritten => self.deliver(content).map(drop),
            Meddling::Commented => {
                let commented = [COMMENT, content].concat();
                self.deliver(&commented).map(drop)
            }
            Meddling::Touched => {
                let times = FileTimes::new().set_modified(SystemTime::now());
                let touched = File::options()
                    .append(true)
                    .open(&self.path)
                    .and_then(|file| file.set_times(times));
                touched.map_err(DriveError::file("touch", &self.path))
            }
            Meddling::MovedAway => {
                let away = self.beside();
                fs::rename(&self.path, &away).map_err(DriveError::file("rename", &self.path))?;
                self.away = Some(away);
                Ok(())
            }
            Meddling::MovedBack => match self.away.take() {
                Some(away) => fs::rename(&away, &self.path).map_err(DriveError::file("rename", &away)),
                None => Ok(()),
            },
            Meddling::Unreadable => self.set_mode(0),
            Meddling::Folder => {
                self.remove()?;
                fs::create_dir(&self.path).map_err(DriveError::file("create", &self.path))
            }
            Meddling::Pipe => {
                let pipe = self.beside();
                mkfifo(&pipe, Mode::from_bits_truncate(READABLE | 0o200))
                    .map_err(|errno| DriveError::file("create", &pipe)(errno.into()))?;
                fs::rename(&pipe, &self.path).map_err(DriveError::file("rename over", &self.path))
            }
        }
    }

    /// Takes away what is in the way of the next delivery.
    pub(super) fn clear_the_way(&self) -> Result<(), DriveError> {
        let Ok(there) = self.path.symlink_metadata() else {
            return Ok(());
        };
        if there.is_dir() {
            return fs::remove_dir(&self.path).map_err(DriveError::file("remove", &self.path));
        }
        if there.file_type().is_fifo() && self.delivery != Delivery::RenameOver {
            return self.remove();
        }
        let is_closed = there.is_file() && there.permissions().mode() & READABLE == 0;
        // To a copy the mode goes with the content.
        if is_closed && self.delivery.declared_as() == Delivery::InPlace {
            return self.set_mode(READABLE | 0o200);
        }
        Ok(())
    }

    fn set_mode(&self, mode: u32) -> Result<(), DriveError> {
        fs::set_permissions(&self.path, fs::Permissions::from_mode(mode))
            .map_err(DriveError::file("change the mode of", &self.path))
    }
}
