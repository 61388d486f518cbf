//! The config file: where it stands, and how a new one comes to stand there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::error::DriveError;
use crate::vocabulary::Delivery;

/// How long the file is gone when it is made anew.
const GAP: Duration = Duration::from_millis(50);

/// The link that is swapped, as Kubernetes calls it.
const LINK: &str = "..data";

/// The config file of a run.
pub(super) struct ConfigFile {
    /// The path as the target is told it.
    path: PathBuf,
    folder: PathBuf,
    name: String,
    delivery: Delivery,
    written: u32,
}

impl ConfigFile {
    /// Lays the first content at `relative` below `dir`, in the layout that the delivery pattern needs.
    pub(super) fn lay(
        dir: &Path,
        relative: &Path,
        delivery: Delivery,
        content: &[u8],
    ) -> Result<Self, DriveError> {
        let path = dir.join("conf").join(relative);
        let folder = path.parent().unwrap_or(dir).to_path_buf();
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        fs::create_dir_all(&folder).map_err(DriveError::file("create", &folder))?;
        let mut file = Self {
            path,
            folder,
            name,
            delivery,
            written: 0,
        };
        match delivery {
            Delivery::SymlinkSwap => {
                file.swap(content)?;
                file.link()?;
            }
            Delivery::RenameOver | Delivery::InPlace | Delivery::Recreate => write(&file.path, content)?,
        }
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Delivers new content.
    pub(super) fn deliver(&mut self, content: &[u8]) -> Result<(), DriveError> {
        match self.delivery {
            Delivery::RenameOver => self.rename_over(content),
            Delivery::InPlace => write(&self.path, content),
            Delivery::SymlinkSwap => {
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
        }
    }

    /// Removes it.
    pub(super) fn remove(&self) -> Result<(), DriveError> {
        fs::remove_file(&self.path).map_err(DriveError::file("remove", &self.path))
    }

    fn link(&self) -> Result<(), DriveError> {
        let target = Path::new(LINK).join(&self.name);
        symlink(target, &self.path).map_err(DriveError::file("link", &self.path))
    }

    fn rename_over(&mut self, content: &[u8]) -> Result<(), DriveError> {
        self.written += 1;
        let temporary = self.folder.join(format!(".{}.{}", self.name, self.written));
        write(&temporary, content)?;
        fs::rename(&temporary, &self.path).map_err(DriveError::file("rename over", &self.path))
    }

    fn swap(&mut self, content: &[u8]) -> Result<(), DriveError> {
        self.written += 1;
        let (old, new) = (format!("..{}", self.written - 1), format!("..{}", self.written));
        let folder = self.folder.join(&new);
        fs::create_dir(&folder).map_err(DriveError::file("create", &folder))?;
        write(&folder.join(&self.name), content)?;
        let temporary = self.folder.join("..data_tmp");
        symlink(&new, &temporary).map_err(DriveError::file("link", &temporary))?;
        let link = self.folder.join(LINK);
        fs::rename(&temporary, &link).map_err(DriveError::file("rename over", &link))?;
        let old = self.folder.join(old);
        if old.exists() {
            fs::remove_dir_all(&old).map_err(DriveError::file("remove", &old))?;
        }
        Ok(())
    }
}

/// Writes a file that everybody may read.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), DriveError> {
    fs::write(path, content).map_err(DriveError::file("write", path))?;
    Ok(())
}

/// Lets everybody read and enter a folder.
pub(super) fn open_to_all(path: &Path) -> Result<(), DriveError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .map_err(DriveError::file("open to all", path))
}
