//! The config file: where it stands, and how a new one comes to stand there.

mod meddling;
mod patterns;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::DriveError;
use crate::vocabulary::Delivery;
use patterns::Likeness;

/// How long the file is gone when it is made anew.
const GAP: Duration = Duration::from_millis(50);

/// How long a writer pauses who does so in the middle of a file: longer than most who look at it again and again wait between two looks.
const WRITERS_PAUSE: Duration = Duration::from_millis(1_100);

/// What everybody may do with a file.
const READABLE: u32 = 0o444;

/// The link that is swapped, as Kubernetes calls it.
const LINK: &str = "..data";

/// The config file of a run.
pub(super) struct ConfigFile {
    /// The path as the target is told it.
    path: PathBuf,
    folder: PathBuf,
    /// Where versions lie that are kept: not in the file's folder, all of which a target may read.
    kept: PathBuf,
    /// The link that leads to the newest release, where releases are swapped.
    current: PathBuf,
    name: String,
    delivery: Delivery,
    written: u32,
    likeness: Option<Likeness>,
    /// Where it was moved to, if it was moved away.
    away: Option<PathBuf>,
}

impl ConfigFile {
    /// Lays the first content at `relative` below `dir`, in the layout that the delivery pattern needs.
    pub(super) fn lay(
        dir: &Path,
        relative: &Path,
        delivery: Delivery,
        content: &[u8],
    ) -> Result<Self, DriveError> {
        let current = dir.join("conf");
        let path = current.join(relative);
        let folder = path.parent().unwrap_or(dir).to_path_buf();
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if delivery != Delivery::ParentSwap {
            open_folder(dir, &folder)?;
        }
        let mut file = Self {
            path,
            folder,
            kept: dir.join("versions"),
            current,
            name,
            delivery,
            written: 0,
            likeness: None,
            away: None,
        };
        match delivery {
            Delivery::SymlinkSwap | Delivery::SymlinkSwapKept => {
                file.swap(content)?;
                file.link()?;
            }
            Delivery::SameSizeAndTime => file.likeness = Some(Likeness::lay(&file.path, content)?),
            Delivery::ParentSwap => file.release(content)?,
            Delivery::RenameOver
            | Delivery::InPlace
            | Delivery::VimSave
            | Delivery::EmacsSave
            | Delivery::Install
            | Delivery::HardLink
            | Delivery::EmptyFirst
            | Delivery::TwoThirdsFirst
            | Delivery::GoodPartFirst
            | Delivery::Recreate => write(&file.path, content)?,
        }
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Delivers new content. Returns when a pause in the middle of it was over, if there was one.
    pub(super) fn deliver(&mut self, content: &[u8]) -> Result<Option<Instant>, DriveError> {
        self.clear_the_way()?;
        match self.delivery {
            Delivery::EmptyFirst => return self.write_with_pause(content, 0).map(Some),
            Delivery::TwoThirdsFirst => {
                return self.write_with_pause(content, content.len() * 2 / 3).map(Some);
            }
            Delivery::GoodPartFirst => {
                let first = content.len().saturating_sub(patterns::AFTERTHOUGHT.len());
                return self.write_with_pause(content, first).map(Some);
            }
            Delivery::RenameOver => self.rename_over(content),
            Delivery::InPlace => write(&self.path, content),
            Delivery::SameSizeAndTime => self.replace_by_one_alike(content),
            Delivery::ParentSwap => self.release(content),
            Delivery::VimSave => self.save_as_vim(content),
            Delivery::EmacsSave => self.save_as_emacs(content),
            Delivery::Install => self.install(content),
            Delivery::HardLink => self.link_over(content),
            Delivery::SymlinkSwap | Delivery::SymlinkSwapKept => {
                // The link that a deletion took away comes back first: the swap is what is to be noticed.
                if self.path.symlink_metadata().is_err() {
                    self.link()?;
                }
                self.swap(content)
            }
            Delivery::Recreate => {
                if self.path.exists() {
                    self.remove()?;
                    thread::sleep(GAP);
                }
                write(&self.path, content)
            }
        }?;
        Ok(None)
    }

    /// Writes in place, the first `first` bytes at once and the others after a pause. Returns when the pause was over.
    fn write_with_pause(&self, content: &[u8], first: usize) -> Result<Instant, DriveError> {
        let written = File::create(&self.path).and_then(|mut file| {
            file.write_all(&content[..first])?;
            thread::sleep(WRITERS_PAUSE);
            let resumed = Instant::now();
            file.write_all(&content[first..])?;
            Ok(resumed)
        });
        written.map_err(DriveError::file("write", &self.path))
    }

    /// Removes it.
    pub(super) fn remove(&self) -> Result<(), DriveError> {
        fs::remove_file(&self.path).map_err(DriveError::file("remove", &self.path))
    }

    fn link(&self) -> Result<(), DriveError> {
        let target = Path::new(LINK).join(&self.name);
        symlink(target, &self.path).map_err(DriveError::file("link", &self.path))
    }

    /// A name beside it that was never used before.
    fn beside(&mut self) -> PathBuf {
        self.written += 1;
        self.folder.join(format!(".{}.{}", self.name, self.written))
    }

    fn rename_over(&mut self, content: &[u8]) -> Result<(), DriveError> {
        let temporary = self.beside();
        write(&temporary, content)?;
        fs::rename(&temporary, &self.path).map_err(DriveError::file("rename over", &self.path))
    }

    fn swap(&mut self, content: &[u8]) -> Result<(), DriveError> {
        self.written += 1;
        let (old, new) = (format!("..{}", self.written - 1), format!("..{}", self.written));
        let is_kept = self.delivery == Delivery::SymlinkSwapKept;
        let versions = if is_kept { &self.kept } else { &self.folder };
        let folder = versions.join(&new);
        open_folder(versions.parent().unwrap_or(versions), &folder)?;
        write(&folder.join(&self.name), content)?;
        let temporary = self.folder.join("..data_tmp");
        let leads_to = if is_kept { folder } else { new.into() };
        symlink(leads_to, &temporary).map_err(DriveError::file("link", &temporary))?;
        let link = self.folder.join(LINK);
        fs::rename(&temporary, &link).map_err(DriveError::file("rename over", &link))?;
        let old = self.folder.join(old);
        if old.exists() {
            fs::remove_dir_all(&old).map_err(DriveError::file("remove", &old))?;
        }
        Ok(())
    }
}

/// Writes a file that everybody may read, whatever the harness's own mask: the target may be somebody else.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), DriveError> {
    let written = File::create(path).and_then(|mut file| {
        let mode = file.metadata()?.permissions().mode();
        if mode & READABLE != READABLE {
            file.set_permissions(fs::Permissions::from_mode(mode | READABLE))?;
        }
        file.write_all(content)
    });
    written.map_err(DriveError::file("write", path))
}

/// Creates a folder, and those between it and `dir`, which everybody may enter.
pub(super) fn open_folder(dir: &Path, folder: &Path) -> Result<(), DriveError> {
    fs::create_dir_all(folder).map_err(DriveError::file("create", folder))?;
    let mut below = folder
        .ancestors()
        .take_while(|path| path.starts_with(dir) && *path != dir);
    below.try_for_each(open_to_all)
}

/// Lets everybody read and enter a folder.
pub(super) fn open_to_all(path: &Path) -> Result<(), DriveError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .map_err(DriveError::file("open to all", path))
}

#[cfg(test)]
mod tests;
