//! A file with the number of the process, which follows the configuration.
//!
//! It is there, whole, when the configuration that asks for it serves, and it goes when that is no longer wanted or the proxy ends, but only
//! if it is still ours. What stood there before is replaced: a number that somebody left behind is worth nothing.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::reload::{Change, Follower, Refused};
use crate::room;

/// The PID file of this process, if there is one.
#[derive(Debug, Default)]
pub(crate) struct PidFile {
    place: Place,
    staged: Option<Staged>,
}

/// Where the file is that is ours, for whoever ends the process without asking.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place(Arc<Mutex<Option<Arc<Path>>>>);

#[derive(Debug)]
struct Staged {
    /// The file that is wanted, and the one beside it that is to be renamed.
    wanted: Option<(Arc<Path>, PathBuf)>,
}

/// A file that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the PID file {}: {error}", path.display())]
struct PidFileError {
    path: Arc<Path>,
    error: io::Error,
}

fn content() -> String {
    format!("{}\n", std::process::id())
}

fn beside_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

/// Writes the number beside `path`, so that a rename puts it in place whole.
fn write_beside(path: &Path) -> io::Result<PathBuf> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let beside = beside_of(path);
    let mut file = fs::File::create(&beside)?;
    let written = file.write_all(content().as_bytes());
    if written.is_err() {
        // What is half written is worth nothing.
        let _ = fs::remove_file(&beside);
    }
    written.map(|()| beside)
}

/// Fails if a PID file cannot be made at `path`. Nothing is written.
pub(crate) fn try_pid_file(path: &Arc<Path>) -> Result<(), Refused> {
    let tried = if path.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        room::for_file(&beside_of(path))
    };
    Ok(tried.map_err(|error| PidFileError {
        path: Arc::clone(path),
        error,
    })?)
}

/// Removes a file if it has our number.
fn remove(path: &Path) {
    if fs::read_to_string(path).is_ok_and(|text| text == content()) {
        // If it cannot be removed, its number tells that nobody has it.
        let _ = fs::remove_file(path);
    }
}

// === impl Place ===

impl Place {
    /// Removes the file, if there is one and it is still ours.
    pub(crate) fn clear(&self) {
        if let Some(path) = self.replace(None) {
            remove(&path);
        }
    }

    fn replace(&self, path: Option<Arc<Path>>) -> Option<Arc<Path>> {
        std::mem::replace(&mut *self.path(), path)
    }

    fn get(&self) -> Option<Arc<Path>> {
        self.path().clone()
    }

    /// A path is whole, whatever became of the one who put it here.
    fn path(&self) -> MutexGuard<'_, Option<Arc<Path>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl PidFile ===

impl PidFile {
    /// Where it is, at any moment.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }
}

impl Follower for PidFile {
    fn name(&self) -> &'static str {
        "pid_file"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let wanted = &change.new.settings.pid_file;
        if *wanted == self.place.get() {
            return Ok(());
        }
        let beside = |path: &Arc<Path>| match write_beside(path) {
            Ok(beside) => Ok((Arc::clone(path), beside)),
            Err(error) => Err(PidFileError {
                path: Arc::clone(path),
                error,
            }),
        };
        let wanted = wanted.as_ref().map(beside).transpose()?;
        self.staged = Some(Staged { wanted });
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        let Some(Staged { wanted }) = self.staged.take() else {
            return Ok(());
        };
        let path = wanted.as_ref().map(|(path, _)| Arc::clone(path));
        let put = wanted.map_or(Ok(()), |(path, beside)| {
            fs::rename(&beside, &path).map_err(|error| PidFileError { path, error })
        });
        let former = self.place.replace(path.filter(|_| put.is_ok()));
        if let Some(former) = former {
            remove(&former);
        }
        Ok(put?)
    }

    fn abandon(&mut self) {
        if let Some(Staged {
            wanted: Some((_, beside)),
        }) = self.staged.take()
        {
            let _ = fs::remove_file(beside);
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        self.abandon();
        self.place.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::reload::{Plan, StagedSockets};

    fn change(file: &mut PidFile, path: Option<&Path>) -> Result<(), Refused> {
        let mut new = Model::default();
        new.settings.pid_file = path.map(Arc::from);
        let old = Model::default();
        let plan = Plan::between(&old, &new);
        file.stage(Change {
            old: &old,
            new: &new,
            plan: &plan,
            sockets: &StagedSockets::default(),
        })
    }

    #[test]
    fn it_is_true_while_it_is_wanted_and_leaves_no_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let names = || {
            let mut names: Vec<_> = fs::read_dir(folder.path())
                .expect("a folder")
                .map(|entry| entry.expect("an entry").file_name())
                .collect();
            names.sort();
            names
        };
        let mut file = PidFile::default();
        fs::write(at("a"), "99999999\n").expect("a file");
        change(&mut file, Some(&at("a"))).expect("a file");
        assert_eq!(
            fs::read_to_string(at("a")).expect("a file"),
            "99999999\n",
            "not before the commit"
        );
        file.abandon();
        assert_eq!(names(), ["a"]);
        change(&mut file, Some(&at("a"))).expect("a file");
        file.commit(Duration::ZERO).expect("a rename");
        assert_eq!(fs::read_to_string(at("a")).expect("a file"), content());
        assert!(change(&mut file, Some(&at("none/b"))).is_err());
        assert!(change(&mut file, Some(folder.path())).is_err());
        file.abandon();
        assert_eq!(names(), ["a"]);
        change(&mut file, Some(&at("b"))).expect("a file");
        file.commit(Duration::ZERO).expect("a rename");
        assert_eq!(names(), ["b"]);
        // Another process has taken the file over.
        fs::write(at("b"), "1\n").expect("a file");
        drop(file);
        assert_eq!(names(), ["b"]);
    }
}
