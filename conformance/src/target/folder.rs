//! The files of a target folder, whether compiled in or on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::error::TargetError;

static KNOWN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/targets");

/// A target folder. Only the files that it needs are read: what else lies there is its owner's.
pub(super) struct Folder {
    /// How messages name it.
    pub(super) title: String,
    root: Root,
}

enum Root {
    Known(&'static Dir<'static>),
    Disk(PathBuf),
}

/// The names of all targets that come with the suite.
pub fn known() -> Vec<String> {
    let mut names: Vec<String> = KNOWN
        .dirs()
        .filter(|dir| dir.get_file(dir.path().join("target.toml")).is_some())
        .filter_map(|dir| dir.path().file_name()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

impl Folder {
    /// Opens a known target by its name, or else a folder by its path.
    pub(super) fn open(name: &str) -> Result<Self, TargetError> {
        let path = Path::new(name);
        let root = match KNOWN
            .get_dir(name)
            .filter(|_| known().iter().any(|known| known == name))
        {
            Some(dir) => Root::Known(dir),
            None if path.is_dir() => Root::Disk(path.to_path_buf()),
            None => {
                return Err(TargetError::Unknown {
                    name: name.to_owned(),
                    known: known().join(", "),
                });
            }
        };
        Ok(Self {
            title: if name == "/" {
                name
            } else {
                name.trim_end_matches('/')
            }
            .to_owned(),
            root,
        })
    }

    /// The text of a file that has to be there.
    pub(super) fn file(&self, name: &str) -> Result<String, TargetError> {
        self.file_if_any(name)?
            .ok_or_else(|| TargetError::invalid(&self.title, format!("there is no {name} in this folder")))
    }

    /// The text of a file, if it is there. Files of folders below are not the folder's.
    pub(super) fn file_if_any(&self, name: &str) -> Result<Option<String>, TargetError> {
        if Path::new(name).file_name() != Some(name.as_ref()) {
            return Ok(None);
        }
        let bytes = match &self.root {
            Root::Known(dir) => dir
                .get_file(dir.path().join(name))
                .map(|file| file.contents().to_vec()),
            Root::Disk(folder) => {
                let path = folder.join(name);
                match fs::read(&path) {
                    Ok(bytes) => Some(bytes),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    Err(source) => return Err(TargetError::Read { path, source }),
                }
            }
        };
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|error| {
            let at = error.utf8_error().valid_up_to() + 1;
            let place = format!("{}/{name}", self.title);
            TargetError::invalid(place, format!("it is no text: byte {at} is not UTF-8"))
        })
    }
}
