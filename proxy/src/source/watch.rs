//! The file system's events about some paths. They are hints: they can be lost, doubled or late.

use std::path::Path;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::gather::Tracked;
use super::hops::{Hops, end_of, follow};
use super::include::Searched;
use super::intent::Hint;

/// Watches all directories that a configuration depends on.
#[derive(Debug)]
pub(super) struct Watch {
    /// None if the system gives no watches; then polling has to do.
    watcher: Option<RecommendedWatcher>,
    hops: Hops,
}

// === impl Watch ===

impl Watch {
    pub(super) fn new(tracked: &Tracked, hints: impl Fn(Hint) + Send + 'static) -> Self {
        let watcher = notify::recommended_watcher(move |event| {
            let hint = Hint::from(event);
            if hint.is_of_interest() {
                hints(hint);
            }
        });
        let watcher = watcher
            .map_err(|error| tracing::warn!(%error, "cannot watch files; polling instead"))
            .ok();
        let mut watch = Self {
            watcher,
            hops: Hops::default(),
        };
        watch.rearm(tracked);
        watch
    }

    /// Follows all paths anew. True if one of them leads another way than before, so that something may have been missed.
    pub(super) fn rearm(&mut self, tracked: &Tracked) -> bool {
        let hops = follow(tracked);
        if hops == self.hops {
            return false;
        }
        if let Some(watcher) = &mut self.watcher {
            for (directory, identity) in &self.hops.directories {
                if hops.directories.get(directory) != Some(identity) {
                    // It is gone in most cases, and its watch with it.
                    let _ = watcher.unwatch(directory);
                }
            }
            for (directory, identity) in &hops.directories {
                if self.hops.directories.get(directory) != Some(identity)
                    && let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive)
                {
                    tracing::warn!(directory = %directory.display(), %error, "cannot watch; polling instead");
                }
            }
        }
        let elsewhere = hops.directories != self.hops.directories;
        self.hops = hops;
        elsewhere
    }

    /// Takes note that a watch may be gone: the next [`rearm`](Self::rearm) sets it up again.
    pub(super) fn doubt(&mut self, hint: &Hint) {
        for path in hint.uprooted() {
            if let Some(identity) = self.hops.directories.get_mut(path) {
                *identity = None;
            }
        }
    }

    /// Whether a path is on a way, or would be found in a folder that was searched.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        self.hops.names.contains(path) || self.matches(path, |_| true)
    }

    /// Whether a path is a file at the end of a way, as it was when it was last followed, or would be one.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.hops.files.contains_key(path) || self.matches(path, |searched| searched.is_last)
    }

    /// Whether no way ends at a file any more that was the end of some, so that what happens to it means nothing.
    pub(super) fn is_stale(&self, file: &Path) -> bool {
        let paths = self.hops.files.get(file);
        paths.is_some_and(|paths| paths.iter().all(|path| end_of(path) != file))
    }

    fn matches(&self, path: &Path, counts: impl Fn(&Searched) -> bool) -> bool {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
        else {
            return false;
        };
        let mut searched = self.hops.searched.iter();
        searched.any(|searched| searched.folder == folder && searched.matches(name) && counts(searched))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use notify::event::{CreateKind, RemoveKind};
    use notify::{Event, EventKind};

    use super::*;

    fn tracked(path: &Path) -> Tracked {
        Tracked {
            files: vec![path.to_owned()],
            searched: Vec::new(),
        }
    }

    #[test]
    fn a_directory_that_was_removed_is_watched_again_even_if_it_looks_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("proxy.yaml");
        let tracked = tracked(&path);
        let mut watch = Watch::new(&tracked, |_| {});
        assert!(!watch.rearm(&tracked));
        let event = |kind| Hint::from(Ok(Event::new(kind).add_path(folder.path().to_owned())));
        watch.doubt(&event(EventKind::Create(CreateKind::Folder)));
        assert!(!watch.rearm(&tracked));
        watch.doubt(&event(EventKind::Remove(RemoveKind::Folder)));
        assert!(watch.rearm(&tracked));
        assert!(!watch.rearm(&tracked));
    }

    #[test]
    fn a_directory_that_is_made_anew_tells_of_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("its path");
        let path = root.join("conf/proxy.yaml");
        let (sender, hints) = mpsc::channel();
        fs::create_dir(root.join("conf")).expect("a folder");
        let tracked = tracked(&path);
        let mut watch = Watch::new(&tracked, move |hint| {
            // The test may be over.
            let _ = sender.send(hint);
        });
        for _ in 0..5 {
            fs::remove_dir_all(root.join("conf")).expect("a removal");
            fs::create_dir(root.join("conf")).expect("a folder");
            while let Ok(hint) = hints.recv_timeout(Duration::from_millis(50)) {
                watch.doubt(&hint);
                watch.rearm(&tracked);
            }
            fs::write(&path, "a").expect("a file");
            let deadline = Instant::now() + Duration::from_secs(10);
            while !hints
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
                .is_ok_and(|hint| format!("{hint:?}").contains("proxy.yaml"))
            {
                assert!(Instant::now() < deadline, "nothing is told of the file");
            }
        }
    }
}
