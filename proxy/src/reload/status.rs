//! What is published of the reloads: one value, replaced as a whole after each of them, which anybody reads without waiting.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use tokio::sync::SetOnce;

use super::{Digest, Origin, Outcome, Revision};
use crate::model::{Address, Model, Name};

/// One try to change what serves, and what became of it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Who asked for it.
    pub origin: Origin,
    /// When it ended.
    pub at: SystemTime,
    /// From the bytes, or the lack of them, to the outcome.
    pub duration: Duration,
    /// What became of it.
    pub outcome: Arc<Outcome>,
}

/// All that is known after an attempt.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The number of what serves; 0 before the first configuration.
    pub revision: u64,
    /// The digest of the content that says what serves.
    pub digest: Option<Digest>,
    /// What serves.
    pub model: Arc<Model>,
    /// The revisions that are kept, from the oldest to the one that serves.
    pub revisions: Vec<Arc<Revision>>,
    /// The last attempts, as many as revisions are kept, from the oldest to the newest.
    pub attempts: VecDeque<Arc<Attempt>>,
    /// The files of the configuration as it was read last, the main file first.
    pub files: Vec<PathBuf>,
    /// The digest of all of them as they were seen last; none while it cannot be read.
    pub disk: Option<Digest>,
    /// The address that each listener is bound to.
    pub addresses: Vec<(Name, Address)>,
}

/// Where the status is put up.
#[derive(Debug)]
pub struct Board {
    status: ArcSwap<Status>,
    /// Set once there is a first status.
    filled: SetOnce<()>,
    stopping: AtomicBool,
    start: Instant,
    /// When the file was looked after last, in milliseconds from the start; `NEVER` if nobody does.
    looked: AtomicU64,
}

const NEVER: u64 = u64::MAX;
/// The file is looked after twice a second. Longer than this takes no reload that is not in trouble.
const WATCHER_PATIENCE: Duration = Duration::from_secs(10);

// === impl Status ===

impl Status {
    /// Whether the file says something else than what serves, or cannot be read.
    pub fn disk_differs(&self) -> bool {
        self.disk != self.digest
    }
}

// === impl Board ===

impl Default for Board {
    fn default() -> Self {
        Self {
            status: ArcSwap::default(),
            filled: SetOnce::new(),
            stopping: AtomicBool::new(false),
            start: Instant::now(),
            looked: AtomicU64::new(NEVER),
        }
    }
}

impl Board {
    /// The status after the last attempt.
    pub fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    pub(crate) fn put_up(&self, status: Status) {
        self.status.store(Arc::new(status));
        // It is set already, but for the first time.
        let _ = self.filled.set(());
    }

    /// Waits until there is a status.
    pub(crate) async fn filled(&self) {
        self.filled.wait().await;
    }

    /// Whether the proxy was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn stop(&self) {
        self.looked.store(NEVER, Ordering::Release);
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether somebody looks after the file.
    pub fn is_watching(&self) -> bool {
        let looked = self.looked.load(Ordering::Acquire);
        looked != NEVER && self.start.elapsed() < Duration::from_millis(looked) + WATCHER_PATIENCE
    }

    pub(crate) fn looked(&self) {
        let now = self.start.elapsed().as_millis() as u64;
        self.looked.store(now, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_runs_from_its_first_look_to_the_stop() {
        let board = Board::default();
        assert!(!board.is_watching());
        board.looked();
        assert!(board.is_watching());
        board.stop();
        assert!(!board.is_watching() && board.is_stopping());
    }

    #[test]
    fn a_watcher_that_has_not_looked_for_long_does_not_run() {
        let long_ago = Instant::now().checked_sub(WATCHER_PATIENCE + Duration::from_secs(1));
        let board = Board {
            start: long_ago.expect("a machine that runs for longer than that"),
            looked: AtomicU64::new(0),
            ..Board::default()
        };
        assert!(!board.is_watching());
        board.looked();
        assert!(board.is_watching());
    }
}
