//! The config file: where it stands, and how a new one comes to stand there.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::error::DriveError;
use crate::vocabulary::Delivery;

/// How long the file is gone when it is made anew.
const GAP: Duration = Duration::from_millis(50);

/// What everybody may do with a file.
const READABLE: u32 = 0o444;

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
        open_folder(dir, &folder)?;
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
        open_folder(&self.folder, &folder)?;
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
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tempfile::TempDir;

    use super::*;

    const NAME: &str = "below/proxy.conf";

    fn laid(delivery: Delivery) -> (TempDir, ConfigFile) {
        let dir = tempfile::tempdir().unwrap();
        let file = ConfigFile::lay(dir.path(), Path::new(NAME), delivery, b"generation one").unwrap();
        assert_eq!(file.path(), dir.path().join("conf").join(NAME));
        assert_eq!(file.delivery(), delivery);
        assert_eq!(read(&file), "generation one");
        (dir, file)
    }

    fn read(file: &ConfigFile) -> String {
        fs::read_to_string(file.path()).unwrap()
    }

    /// The file that the path leads to.
    fn inode(file: &ConfigFile) -> u64 {
        fs::metadata(file.path()).unwrap().ino()
    }

    /// What lies beside the file, itself included.
    fn beside(file: &ConfigFile) -> Vec<String> {
        let entries = fs::read_dir(file.path().parent().unwrap()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn renamed_over_it_is_another_file_and_who_has_the_old_one_open_keeps_it() {
        let (_dir, mut file) = laid(Delivery::RenameOver);
        let old = File::open(file.path()).unwrap();
        for content in ["two", "generation three"] {
            let before = inode(&file);
            file.deliver(content.as_bytes()).unwrap();
            assert_eq!(read(&file), content);
            assert_ne!(inode(&file), before);
        }
        assert_eq!(std::io::read_to_string(old).unwrap(), "generation one");
        assert_eq!(beside(&file), ["proxy.conf"]);
    }

    #[test]
    fn in_place_it_stays_the_file_that_it_is() {
        let (_dir, mut file) = laid(Delivery::InPlace);
        let (before, old) = (inode(&file), File::open(file.path()).unwrap());
        for content in ["generation two, which is longer", "3", ""] {
            file.deliver(content.as_bytes()).unwrap();
            assert_eq!(read(&file), content);
            assert_eq!(inode(&file), before);
        }
        file.deliver(b"four").unwrap();
        assert_eq!(std::io::read_to_string(old).unwrap(), "four");
        assert_eq!(beside(&file), ["proxy.conf"]);
    }

    #[test]
    fn swapped_by_a_link_the_link_at_the_path_stays_as_it_is() {
        let (_dir, mut file) = laid(Delivery::SymlinkSwap);
        let link = |file: &ConfigFile| file.path().symlink_metadata().unwrap();
        let target = |file: &ConfigFile| fs::canonicalize(file.path()).unwrap();
        assert_eq!(
            fs::read_link(file.path()).unwrap(),
            Path::new("..data/proxy.conf")
        );
        let path = link(&file);
        assert!(path.is_symlink());
        for content in ["two", "three"] {
            let (before, folder) = (inode(&file), target(&file));
            file.deliver(content.as_bytes()).unwrap();
            assert_eq!(read(&file), content);
            assert_ne!(inode(&file), before);
            assert_ne!(target(&file), folder);
            assert!(!folder.exists(), "the old folder is left");
            assert_eq!(
                (link(&file).ino(), link(&file).mtime_nsec()),
                (path.ino(), path.mtime_nsec())
            );
        }
        assert_eq!(beside(&file), ["..3", "..data", "proxy.conf"]);
    }

    #[test]
    fn recreated_it_is_gone_for_a_while() {
        let (_dir, mut file) = laid(Delivery::Recreate);
        let path = file.path().to_path_buf();
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut gone = 0;
                while !ended.load(Ordering::SeqCst) {
                    gone += u32::from(!path.exists());
                    thread::sleep(Duration::from_millis(1));
                }
                gone
            });
            file.deliver(b"two").unwrap();
            ended.store(true, Ordering::SeqCst);
            assert!(watcher.join().unwrap() > 0, "it was never seen to be gone");
        });
        assert_eq!(read(&file), "two");
        assert_eq!(beside(&file), ["proxy.conf"]);
    }

    #[test]
    fn whatever_was_removed_comes_back_with_the_next_delivery() {
        for delivery in Delivery::ALL {
            let (_dir, mut file) = laid(delivery);
            for content in ["two", "three"] {
                file.remove().unwrap();
                assert!(file.path().symlink_metadata().is_err(), "{delivery}");
                file.deliver(content.as_bytes()).unwrap();
                assert_eq!(read(&file), content, "{delivery}");
            }
            let error = file.remove().and_then(|()| file.remove()).unwrap_err();
            assert!(error.to_string().starts_with("failed to remove /"), "{error}");
        }
    }

    #[test]
    fn renamed_over_or_swapped_it_is_whole_whenever_it_is_read() {
        for delivery in [Delivery::RenameOver, Delivery::SymlinkSwap] {
            let (_dir, mut file) = laid(delivery);
            file.deliver(&[b'0'; 4096]).unwrap();
            let path = file.path().to_path_buf();
            let ended = AtomicBool::new(false);
            thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    let mut reads = 0;
                    while !ended.load(Ordering::SeqCst) || reads == 0 {
                        // Between following the link and opening the file, its folder may have been swept away.
                        let Ok(content) = fs::read(&path) else {
                            assert_eq!(delivery, Delivery::SymlinkSwap);
                            continue;
                        };
                        let is_of_one = content.iter().all(|byte| *byte == content[0]);
                        assert!(content.len() == 4096 && is_of_one, "{delivery}");
                        reads += 1;
                    }
                });
                for round in 0..200_u8 {
                    file.deliver(&[b'0' + round % 10; 4096]).unwrap();
                }
                ended.store(true, Ordering::SeqCst);
                reader.join().unwrap();
            });
        }
    }

    #[test]
    fn everybody_may_read_it_and_enter_what_is_above_it() {
        for delivery in Delivery::ALL {
            let (dir, mut file) = laid(delivery);
            file.deliver(b"two").unwrap();
            let real = fs::canonicalize(file.path()).unwrap();
            let root = fs::canonicalize(dir.path()).unwrap();
            assert_eq!(fs::metadata(&real).unwrap().mode() & 0o444, 0o444, "{delivery}");
            for folder in real.ancestors().skip(1).take_while(|path| *path != root) {
                assert_eq!(
                    fs::metadata(folder).unwrap().mode() & 0o555,
                    0o555,
                    "{}",
                    folder.display()
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_with_its_path() {
        let (dir, mut file) = laid(Delivery::InPlace);
        fs::remove_dir_all(dir.path().join("conf")).unwrap();
        let error = file.deliver(b"two").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("failed to write {}", file.path().display())
        );
    }
}
