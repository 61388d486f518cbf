//! A session limit that serves: who waits is a request, and who is let in goes on with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::turnstile::{Place, Turnstile};
use crate::model::SessionLimit;

/// The sessions of the whole proxy, of a route or of an upstream. They are counted with and without a limit, so that one which is set counts those that were there
/// before it.
#[derive(Debug)]
pub(super) struct Sessions {
    turnstile: Turnstile<oneshot::Sender<()>>,
    /// How long one waits, also those who do already.
    patience: watch::Sender<Duration>,
    refused: AtomicU64,
}

/// What a session limit has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFigures {
    /// Requests that are being answered.
    pub running: u64,
    /// Requests that wait for their turn.
    pub waiting: usize,
    /// Requests that were refused, at once or after they had waited.
    pub refused: u64,
}

/// A place in the line. Dropped, it is given up.
struct Waiting<'a> {
    sessions: &'a Sessions,
    ticket: u64,
    is_over: bool,
}

fn terms(limit: Option<SessionLimit>) -> (Option<u32>, usize, Duration) {
    limit.map_or((None, 0, Duration::ZERO), |limit| {
        (Some(limit.max), limit.queue, limit.queue_timeout)
    })
}

// === impl Sessions ===

impl Sessions {
    pub(super) fn new(limit: Option<SessionLimit>) -> Arc<Self> {
        let (max, room, patience) = terms(limit);
        Arc::new(Self {
            turnstile: Turnstile::new(max, room),
            patience: watch::Sender::new(patience),
            refused: AtomicU64::new(0),
        })
    }

    /// Goes on by another limit. Nobody who is inside is cut off, and nobody who waits is sent away.
    pub(super) fn change(&self, limit: Option<SessionLimit>) {
        let (max, room, patience) = terms(limit);
        self.patience.send_replace(patience);
        let_in(self.turnstile.change(max, room));
    }

    /// Lets a request in, perhaps after it has waited. False if it is refused; else it has to [`leave`](Self::leave).
    pub(super) async fn enter(&self) -> bool {
        if self.turnstile.enter() {
            return true;
        }
        // What it takes to wait is not kept for those who need not.
        let is_inside = Box::pin(self.wait()).await;
        if !is_inside {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        is_inside
    }

    async fn wait(&self) -> bool {
        let (sender, mut turn) = oneshot::channel();
        let ticket = match self.turnstile.queue(sender) {
            Place::Inside => return true,
            Place::Full => return false,
            Place::Waiting(ticket) => ticket,
        };
        let mut waiting = Waiting {
            sessions: self,
            ticket,
            is_over: false,
        };
        let since = Instant::now();
        let mut patience = self.patience.subscribe();
        loop {
            let until = since + *patience.borrow_and_update();
            tokio::select! {
                biased;
                _ = &mut turn => {
                    waiting.is_over = true;
                    return true;
                }
                _ = patience.changed() => {}
                () = tokio::time::sleep_until(until) => return !waiting.give_up(),
            }
        }
    }

    /// A request that was let in has ended.
    pub(super) fn leave(&self) {
        let_in(self.turnstile.leave());
    }

    pub(super) fn figures(&self) -> SessionFigures {
        SessionFigures {
            running: self.turnstile.inside(),
            waiting: self.turnstile.waiting(),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

fn let_in(next: Vec<oneshot::Sender<()>>) {
    for turn in next {
        // Whoever does not wait any more finds out that it was let in, and leaves.
        let _ = turn.send(());
    }
}

// === impl Waiting ===

impl Waiting<'_> {
    /// False if it has been let in meanwhile.
    fn give_up(&mut self) -> bool {
        self.is_over = true;
        self.sessions.turnstile.give_up(self.ticket)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over && !self.give_up() {
            self.sessions.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(max: u32, queue: usize, seconds: u64) -> SessionLimit {
        let queue_timeout = Duration::from_secs(seconds);
        SessionLimit {
            max,
            queue,
            queue_timeout,
        }
    }

    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), test);
    }

    #[test]
    fn who_goes_away_leaves_the_line_and_who_was_let_in_unseen_leaves_too() {
        run(async {
            let sessions = Sessions::new(Some(limit(1, 2, 60)));
            assert!(sessions.enter().await);
            let first = Arc::clone(&sessions);
            let first = tokio::task::spawn_local(async move { first.enter().await });
            let second = Arc::clone(&sessions);
            let second = tokio::task::spawn_local(async move { second.enter().await });
            settle().await;
            assert_eq!(sessions.figures().waiting, 2);
            assert!(!sessions.enter().await);
            // The first is let in, and is gone before it hears of it.
            sessions.leave();
            first.abort();
            settle().await;
            assert!(second.await.expect("a turn"));
            let figures = sessions.figures();
            assert_eq!((figures.running, figures.waiting, figures.refused), (1, 0, 1));
        });
    }

    #[test]
    fn a_changed_limit_counts_at_once_for_those_who_wait_too() {
        run(async {
            let sessions = Sessions::new(Some(limit(1, 9, 3600)));
            assert!(sessions.enter().await);
            let wait = || {
                let sessions = Arc::clone(&sessions);
                tokio::task::spawn_local(async move { sessions.enter().await })
            };
            let (first, second) = (wait(), wait());
            settle().await;
            sessions.change(Some(limit(2, 9, 3600)));
            assert!(first.await.expect("a turn"));
            sessions.change(Some(limit(1, 9, 1)));
            assert!(!second.await.expect("an end"));
            assert_eq!(sessions.figures().running, 2);
            // Nobody is let in before there is room.
            sessions.leave();
            assert!(!sessions.turnstile.enter());
            sessions.leave();
            assert!(sessions.enter().await);
            sessions.change(None);
            assert!(sessions.enter().await);
        });
    }
}
