//! The file system's events about a path. They are hints: they can be lost, doubled or late.

use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::hops::{Hops, follow};
use super::intent::Hint;

/// Watches all directories that a path depends on.
#[derive(Debug)]
pub(super) struct Watch {
    path: PathBuf,
    /// None if the system gives no watches; then polling has to do.
    watcher: Option<RecommendedWatcher>,
    hops: Hops,
}

// === impl Watch ===

impl Watch {
    pub(super) fn new(path: &Path, hints: impl Fn(Hint) + Send + 'static) -> Self {
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
            path: path.to_owned(),
            watcher,
            hops: Hops::default(),
        };
        watch.rearm();
        watch
    }

    /// Follows the path anew. True if it leads another way than before, so that something may have been missed.
    pub(super) fn rearm(&mut self) -> bool {
        let hops = follow(&self.path);
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
        self.hops = hops;
        true
    }

    /// Takes note that a watch may be gone: the next [`rearm`](Self::rearm) sets it up again.
    pub(super) fn doubt(&mut self, hint: &Hint) {
        for path in hint.uprooted() {
            if let Some(identity) = self.hops.directories.get_mut(path) {
                *identity = None;
            }
        }
    }

    /// Whether a path is on the way.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        self.hops.names.contains(path)
    }

    /// Whether a path is the file at the end of the way, as it was when it was last followed.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.hops.file == path
    }

    /// Whether the way ends elsewhere by now, so that what happens to the file at its old end means nothing.
    pub(super) fn is_stale(&self) -> bool {
        follow(&self.path).file != self.hops.file
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

    #[test]
    fn a_directory_that_was_removed_is_watched_again_even_if_it_looks_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("proxy.yaml");
        let mut watch = Watch::new(&path, |_| {});
        assert!(!watch.rearm());
        let event = |kind| Hint::from(Ok(Event::new(kind).add_path(folder.path().to_owned())));
        watch.doubt(&event(EventKind::Create(CreateKind::Folder)));
        assert!(!watch.rearm());
        watch.doubt(&event(EventKind::Remove(RemoveKind::Folder)));
        assert!(watch.rearm());
        assert!(!watch.rearm());
    }

    #[test]
    fn a_directory_that_is_made_anew_tells_of_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("its path");
        let path = root.join("conf/proxy.yaml");
        let (sender, hints) = mpsc::channel();
        fs::create_dir(root.join("conf")).expect("a folder");
        let mut watch = Watch::new(&path, move |hint| {
            // The test may be over.
            let _ = sender.send(hint);
        });
        for _ in 0..5 {
            fs::remove_dir_all(root.join("conf")).expect("a removal");
            fs::create_dir(root.join("conf")).expect("a folder");
            while let Ok(hint) = hints.recv_timeout(Duration::from_millis(50)) {
                watch.doubt(&hint);
                watch.rearm();
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
