//! The file system's events about a path. They are hints: they can be lost, doubled or late.

use std::path::Path;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::hops::{Hops, follow};
use super::intent::Hint;

/// Watches all directories that a path depends on.
#[derive(Debug)]
pub(super) struct Watch {
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
            watcher,
            hops: Hops::default(),
        };
        watch.rearm(path);
        watch
    }

    /// Follows the path anew. True if it leads another way than before, so that something may have been missed.
    pub(super) fn rearm(&mut self, path: &Path) -> bool {
        let hops = follow(path);
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

    /// Whether a path is on the way.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        self.hops.names.contains(path)
    }

    /// Whether a path is the file at the end of the way.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.hops.file == path
    }
}
