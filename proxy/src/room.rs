//! Whether a file could be made, asked without making it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

/// The longest name that common file systems take.
const NAME_BYTES: usize = 255;

/// Fails as an attempt to make a file at `path` would: no such folder, no folder at all, no permission, a file system that is read-only.
pub(crate) fn for_file(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let length = path.file_name().map_or(0, OsStr::len);
    if length > NAME_BYTES {
        return Err(rustix::io::Errno::NAMETOOLONG.into());
    }
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(accessat(
        CWD,
        folder,
        Access::WRITE_OK | Access::EXEC_OK,
        AtFlags::EACCESS,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_needs_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        for_file(&file).expect("room");
        assert!(!file.exists());
        fs::write(&file, "").expect("a file");
        let why = |path: &Path| for_file(path).map_err(|error| error.kind());
        assert_eq!(why(&file), Ok(()));
        assert_eq!(why(&file.join("b")), Err(io::ErrorKind::NotADirectory));
        assert_eq!(why(&folder.path().join("none/b")), Err(io::ErrorKind::NotFound));
        assert!(for_file(&folder.path().join("n".repeat(256))).is_err());
        // There nobody makes a file, whoever asks.
        assert!(for_file(Path::new("/proc/self/b")).is_err());
        for_file(Path::new("b")).expect("the folder of the test");
    }
}
