//! Reads a configuration with all that it refers to, as it stood at one moment.
//!
//! In: the path of the main file. Out: a candidate of all files, or why not; and in any case what has to be watched. What changed while it
//! was read is not handed over: every file is looked at again once the last one is read, and every folder is searched again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::include::{Searched, Unsearchable, expand};
use super::read::{Content, ReadError, Stamp, UNSTEADY_PAUSES, read, stamp};
use crate::config::{
    FILE_LIMIT_BYTES, Format, Memory, References, SIZE_LIMIT_BYTES, Text, may_refer, references,
};
use crate::reload::{Candidate, Digest, Member};

/// All that a configuration depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tracked {
    /// The main file first.
    pub(super) files: Vec<PathBuf>,
    pub(super) searched: Vec<Searched>,
}

/// A configuration as it stood at one moment.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) candidate: Candidate,
    pub(super) stamps: Stamps,
    /// Whether one of the files that it refers to holds nothing, as one does that is about to be written.
    pub(super) has_blank_part: bool,
}

/// What the file system said about all files and searched folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps(Vec<(PathBuf, Stamp)>);

/// What texts refer to, so that a text is parsed once for it.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<PathBuf, (Digest, References)>);

/// More files than these are a mistake.
const FILES_LIMIT: usize = 1000;

/// A reading that is going on.
struct Reading<'a> {
    main: &'a Path,
    known: &'a mut Known,
    memory: &'a mut Memory,
    tracked: Tracked,
    stamps: Vec<(PathBuf, Stamp)>,
    left_bytes: u64,
    has_blank_part: bool,
}

/// Reads everything once.
pub(super) fn gather(
    main: &Path,
    known: &mut Known,
    memory: &mut Memory,
) -> (Tracked, Result<Whole, ReadError>) {
    let mut reading = Reading {
        main,
        known,
        memory,
        tracked: Tracked::default(),
        stamps: Vec::new(),
        left_bytes: SIZE_LIMIT_BYTES,
        has_blank_part: false,
    };
    let candidate = reading.all();
    let Reading {
        known,
        tracked,
        stamps,
        has_blank_part,
        ..
    } = reading;
    known.0.retain(|path, _| tracked.files.contains(path));
    let whole = candidate.map(|candidate| Whole {
        candidate,
        stamps: Stamps(stamps),
        has_blank_part,
    });
    (tracked, whole)
}

/// The same for somebody who waits for it: what is being changed is read again a few times.
pub(super) fn gather_patiently(
    main: &Path,
    known: &mut Known,
    memory: &mut Memory,
) -> (Tracked, Result<Whole, ReadError>) {
    for pause in UNSTEADY_PAUSES {
        match gather(main, known, memory) {
            (_, Err(ReadError::Unsteady { .. })) => std::thread::sleep(pause),
            settled => return settled,
        }
    }
    gather(main, known, memory)
}

/// The folder from which what a file refers to is seen.
fn folder_of(main: &Path) -> &Path {
    main.parent().unwrap_or(Path::new(""))
}

// === impl Stamps ===

impl Stamps {
    /// Whether the file system still says the same.
    pub(super) fn hold(&self) -> bool {
        let Self(stamps) = self;
        stamps
            .iter()
            .all(|(path, kept)| stamp(path).is_ok_and(|current| current == *kept))
    }
}

// === impl Known ===

impl Known {
    fn references(&mut self, path: &Path, format: Format, bytes: &[u8], memory: &mut Memory) -> References {
        // No text at all refers to nothing either.
        if !std::str::from_utf8(bytes).is_ok_and(may_refer) {
            self.0.remove(path);
            return References::default();
        }
        let digest = Digest::of(bytes);
        if let Some((known, references)) = self.0.get(path)
            && *known == digest
        {
            return references.clone();
        }
        let name = path.display().to_string();
        let found = Text::new(&name, format, bytes)
            .map(|text| references(text, memory))
            .unwrap_or_default();
        self.0.insert(path.to_owned(), (digest, found.clone()));
        found
    }
}

// === impl Reading ===

impl Reading<'_> {
    fn all(&mut self) -> Result<Candidate, ReadError> {
        let main = self.main;
        let bytes = self.one(main)?;
        let found = self.known.references(main, Format::of(main), &bytes, self.memory);
        let (paths, notes) = self.included(&found)?;
        let mut members = Vec::with_capacity(paths.len());
        let mut named = found.files.clone();
        for path in &paths {
            let bytes = self.one(path)?;
            let format = Format::of(path);
            named.extend(self.known.references(path, format, &bytes, self.memory).files);
            members.push(Member {
                name: path.display().to_string(),
                format,
                bytes,
            });
        }
        let files = self.named(named)?;
        let is_alone = members.is_empty() && files.is_empty() && self.tracked.searched.is_empty();
        // The content of one file was found steady when it was read.
        let is_steady = is_alone || (Stamps(self.stamps.clone()).hold() && self.included(&found)?.0 == paths);
        if !is_steady {
            return Err(ReadError::Unsteady {
                path: main.to_owned(),
            });
        }
        Ok(Candidate::new(main, bytes).with(members, files, notes))
    }

    fn one(&mut self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.tracked.files.push(path.to_owned());
        let Content { bytes, stamp } = read(path)?;
        self.has_blank_part |= bytes.is_empty() && path != self.main;
        self.stamps.push((path.to_owned(), stamp));
        self.left_bytes =
            self.left_bytes
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| ReadError::TooLarge {
                    path: self.main.to_owned(),
                    size: SIZE_LIMIT_BYTES + 1,
                })?;
        Ok(bytes)
    }

    /// The files that are included, each once, and what is worth a warning.
    fn included(&mut self, references: &References) -> Result<(Vec<PathBuf>, Vec<String>), ReadError> {
        let main = self.main;
        self.tracked.searched.clear();
        self.stamps.retain(|(path, _)| self.tracked.files.contains(path));
        let (mut paths, mut notes) = (Vec::new(), Vec::new());
        let mut known = BTreeSet::from([main.to_owned()]);
        for (include, (line, column)) in &references.includes {
            let (expansion, end) = expand(folder_of(main), include);
            self.tracked.searched.extend(expansion.searched.clone());
            end.map_err(|error| {
                let included = format!("{}:{line}:{column}", main.display());
                match error {
                    Unsearchable::Pattern(error) => ReadError::Pattern {
                        included,
                        error: error.to_string(),
                    },
                    Unsearchable::Folder(path, error) => ReadError::Search {
                        path,
                        included,
                        error,
                    },
                }
            })?;
            for searched in &expansion.searched {
                if let Ok(stamp) = stamp(&searched.folder) {
                    self.stamps.push((searched.folder.clone(), stamp));
                }
            }
            if expansion.is_pattern && expansion.files.is_empty() {
                notes.push(format!(
                    "{}:{line}:{column}: `{include}` matches no file",
                    main.display()
                ));
            }
            paths.extend(
                expansion
                    .files
                    .into_iter()
                    .filter(|path| known.insert(path.clone())),
            );
        }
        if paths.len() > FILES_LIMIT {
            return Err(ReadError::TooMany {
                path: main.to_owned(),
                count: paths.len(),
                limit: FILES_LIMIT,
            });
        }
        Ok((paths, notes))
    }

    /// The contents of files that are referred to by name.
    fn named(&mut self, names: Vec<String>) -> Result<BTreeMap<String, Vec<u8>>, ReadError> {
        let mut files = BTreeMap::new();
        for name in names {
            if files.contains_key(&name) {
                continue;
            }
            if files.len() == FILES_LIMIT {
                let path = self.main.to_owned();
                return Err(ReadError::TooMany {
                    path,
                    count: FILES_LIMIT + 1,
                    limit: FILES_LIMIT,
                });
            }
            let path = folder_of(self.main).join(&name);
            let bytes = self.one(&path)?;
            if bytes.len() > FILE_LIMIT_BYTES {
                return Err(ReadError::NoSecret {
                    path,
                    limit: FILE_LIMIT_BYTES,
                });
            }
            files.insert(name, bytes);
        }
        Ok(files)
    }
}
