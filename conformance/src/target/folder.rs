//! The files of a target folder, whether compiled in or on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::error::TargetError;

static KNOWN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/targets");

/// The files of one folder, by name.
pub(super) struct Folder {
    /// How messages name it.
    pub(super) title: String,
    pub(super) files: BTreeMap<String, String>,
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
        if let Some(dir) = KNOWN
            .get_dir(name)
            .filter(|_| known().iter().any(|known| known == name))
        {
            let files = dir.files().filter_map(|file| {
                let name = file.path().file_name()?.to_str()?.to_owned();
                Some((name, file.contents_utf8()?.to_owned()))
            });
            return Ok(Self {
                title: name.to_owned(),
                files: files.collect(),
            });
        }
        let path = Path::new(name);
        if path.is_dir() {
            return Self::read(path);
        }
        Err(TargetError::Unknown {
            name: name.to_owned(),
            known: known().join(", "),
        })
    }

    fn read(path: &Path) -> Result<Self, TargetError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| TargetError::Read { path, source }
        };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(path).map_err(failed(path))? {
            let file = entry.map_err(failed(path))?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if file.is_file() {
                files.insert(name.to_owned(), fs::read_to_string(&file).map_err(failed(&file))?);
            }
        }
        Ok(Self {
            title: path.display().to_string(),
            files,
        })
    }

    pub(super) fn file(&self, name: &str) -> Result<&str, TargetError> {
        self.files
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| TargetError::invalid(&self.title, format!("there is no {name} in this folder")))
    }
}
