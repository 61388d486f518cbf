//! Reads a configuration with all that it refers to, as it stood at one moment.
//!
//! In: the path of the main file. Out: a candidate of all files, or why not; and in any case what has to be watched. What changed while it
//! was read is not handed over: every file is looked at again once the last one is read, and every folder is searched again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use super::include::{Searched, Unsearchable, expand};
use super::read::{Content, ReadError, Stamp, UNSTEADY_PAUSES, read, stamp};
use crate::config::{
    FILE_LIMIT_BYTES, Format, Memory, References, SIZE_LIMIT_BYTES, Text, may_refer, references,
};
use crate::pace;
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
    /// When the first of all files was read.
    pub(super) read_at: Instant,
    /// Whether one of the files that it refers to holds nothing, as one does that is about to be written.
    pub(super) has_blank_part: bool,
}

/// What the file system said about all files and searched folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps(Vec<(PathBuf, Stamp)>);

/// What is known of files from the times they were read before.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What texts refer to, so that a text is parsed once for it.
    references: BTreeMap<PathBuf, (Digest, References)>,
    /// What all but the main file held, so that of many files those are read that changed.
    contents: BTreeMap<PathBuf, Kept>,
}

/// A file that was read.
#[derive(Debug, Clone)]
struct Kept {
    bytes: Bytes,
    digest: Digest,
    stamp: Stamp,
    read_at: Instant,
}

/// What the file system says about a file is not trusted for longer than this: then the content is read anyway.
pub(super) const REREAD: Duration = Duration::from_secs(10);
/// More files than these are a mistake.
const FILES_LIMIT: usize = 1000;

/// A reading that is going on.
struct Reading<'a> {
    main: &'a Path,
    known: &'a mut Known,
    memory: &'a mut Memory,
    tracked: Tracked,
    /// What the file system said about files, and about searched folders.
    stamps: Vec<(PathBuf, Stamp)>,
    folders: Vec<(PathBuf, Stamp)>,
    /// When the first of the files was read.
    read_at: Instant,
    left_bytes: u64,
    has_blank_part: bool,
}

/// Reads everything once. What the file system says is as before, and said so before, is not read again.
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
        folders: Vec::new(),
        read_at: Instant::now(),
        left_bytes: SIZE_LIMIT_BYTES,
        has_blank_part: false,
    };
    let candidate = reading.all();
    let stamps = reading.stamps();
    let Reading {
        known,
        tracked,
        read_at,
        has_blank_part,
        ..
    } = reading;
    let files: HashSet<&PathBuf> = tracked.files.iter().collect();
    known.references.retain(|path, _| files.contains(path));
    known.contents.retain(|path, _| files.contains(path));
    let whole = candidate.map(|candidate| Whole {
        candidate,
        stamps,
        read_at,
        has_blank_part,
    });
    (tracked, whole)
}

/// The same for somebody who waits for it: everything is read, whatever the file system says, and what is being changed is read again a few times.
pub(super) fn gather_patiently(
    main: &Path,
    known: &mut Known,
    memory: &mut Memory,
) -> (Tracked, Result<Whole, ReadError>) {
    known.forget_contents();
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
    fn references(&mut self, path: &Path, format: Format, kept: &Kept, memory: &mut Memory) -> References {
        pace::give_way();
        let Kept {
            ref bytes, digest, ..
        } = *kept;
        // No text at all refers to nothing either.
        if !std::str::from_utf8(bytes).is_ok_and(may_refer) {
            self.references.remove(path);
            return References::default();
        }
        if let Some((known, references)) = self.references.get(path)
            && *known == digest
        {
            return references.clone();
        }
        let name = path.display().to_string();
        let found = Text::new(&name, format, bytes)
            .map(|text| references(text.printed(digest.print()), memory))
            .unwrap_or_default();
        self.references.insert(path.to_owned(), (digest, found.clone()));
        found
    }

    /// Has every file read the next time.
    pub(super) fn forget_contents(&mut self) {
        self.contents.clear();
    }

    /// What a file holds, if the file system says that it is as it was when it was read, and that is worth something.
    fn content(&self, path: &Path) -> Option<&Kept> {
        let kept = self.contents.get(path)?;
        let holds = || stamp(path).is_ok_and(|current| current == kept.stamp);
        (kept.read_at.elapsed() < REREAD && holds()).then_some(kept)
    }

    /// Takes note of a file whose reading began at a time.
    fn keep(&mut self, path: &Path, kept: Kept, began: SystemTime) {
        if kept.stamp.is_telling(began) {
            self.contents.insert(path.to_owned(), kept);
        } else {
            self.contents.remove(path);
        }
    }
}

// === impl Kept ===

impl From<Content> for Kept {
    fn from(Content { bytes, stamp }: Content) -> Self {
        Self {
            digest: Digest::of(&bytes),
            bytes: bytes.into(),
            stamp,
            read_at: Instant::now(),
        }
    }
}

// === impl Reading ===

impl Reading<'_> {
    fn all(&mut self) -> Result<Candidate, ReadError> {
        let main = self.main;
        let read = self.one(main)?;
        let format = Format::of(main);
        let found = self.known.references(main, format, &read, self.memory);
        let (paths, notes) = self.included(&found)?;
        let mut members = Vec::with_capacity(paths.len());
        let mut named = found.files.clone();
        for path in &paths {
            let read = self.one(path)?;
            let format = Format::of(path);
            named.extend(self.known.references(path, format, &read, self.memory).files);
            let name = path.display().to_string();
            members.push(Member::known(name, format, read.bytes, read.digest));
        }
        let files = self.named(named)?;
        let is_alone = members.is_empty() && files.is_empty() && self.tracked.searched.is_empty();
        // The content of one file was found steady when it was read.
        let is_steady = is_alone || (self.stamps().hold() && self.included(&found)?.0 == paths);
        if !is_steady {
            return Err(ReadError::Unsteady {
                path: main.to_owned(),
            });
        }
        let candidate = Candidate::known(main.display().to_string(), format, read.bytes, read.digest);
        Ok(candidate.with(members, files, notes))
    }

    fn stamps(&self) -> Stamps {
        Stamps([&self.stamps[..], &self.folders].concat())
    }

    fn one(&mut self, path: &Path) -> Result<Kept, ReadError> {
        self.tracked.files.push(path.to_owned());
        pace::give_way();
        let began = SystemTime::now();
        let known = self.known.content(path).cloned();
        let is_known = known.is_some();
        let kept = match known {
            Some(known) => known,
            None => Kept::from(read(path)?),
        };
        self.read_at = self.read_at.min(kept.read_at);
        self.has_blank_part |= kept.bytes.is_empty() && path != self.main;
        self.stamps.push((path.to_owned(), kept.stamp));
        self.left_bytes = self
            .left_bytes
            .checked_sub(kept.bytes.len() as u64)
            .ok_or_else(|| ReadError::TooLarge {
                path: self.main.to_owned(),
                size: SIZE_LIMIT_BYTES + 1,
            })?;
        // The main file is the one that changes, in most cases, and may be large.
        if !is_known && path != self.main {
            self.known.keep(path, kept.clone(), began);
        }
        Ok(kept)
    }

    /// The files that are included, each once, and what is worth a warning.
    fn included(&mut self, references: &References) -> Result<(Vec<PathBuf>, Vec<String>), ReadError> {
        let main = self.main;
        self.tracked.searched.clear();
        self.folders.clear();
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
                    self.folders.push((searched.folder.clone(), stamp));
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
    fn named(&mut self, names: Vec<String>) -> Result<BTreeMap<String, Bytes>, ReadError> {
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
            let bytes = self.one(&path)?.bytes;
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_kept_is_read_again_as_soon_as_its_file_is_another_or_said_too_little() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("part.yaml");
        fs::write(&path, "one").expect("a file");
        let now = SystemTime::now();
        let mut known = Known::default();
        let kept = Bytes::from("kept");
        let held = |known: &Known| known.content(&path).map(|kept| kept.bytes.clone());
        let stamped = || stamp(&path).expect("a file");
        let read = || Kept {
            bytes: kept.clone(),
            digest: Digest::of(&kept),
            stamp: stamped(),
            read_at: Instant::now(),
        };

        known.keep(&path, read(), now + Duration::from_secs(60));
        assert_eq!(held(&known), Some(kept.clone()));
        // In place, and of the same length.
        let before = stamped();
        while stamped() == before {
            // Clocks of file systems tick, those of older kernels every few milliseconds.
            fs::write(&path, "two").expect("a file");
        }
        assert_eq!(held(&known), None);
        known.keep(&path, read(), now + Duration::from_secs(60));
        assert_eq!(held(&known), Some(kept.clone()));
        // What is read in the tick in which it was written says nothing of what is written after that.
        known.keep(&path, read(), now);
        assert_eq!(held(&known), None);
        known.keep(&path, read(), now + Duration::from_secs(60));
        fs::remove_file(&path).expect("a removal");
        assert_eq!(held(&known), None);
    }
}
