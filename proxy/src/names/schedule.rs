//! The lookups of one name: when they are made, and what follows from them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::{Job, Lookup};
use crate::model::Name;
use crate::runtime::{Learned, NameFigures, Shared};

/// A task that looks one name up. Dropped, it is broken off.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) job: Job,
    task: JoinHandle<()>,
}

/// How soon a name without an address is looked up again, at the latest.
const IMPATIENCE: Duration = Duration::from_secs(1);

type Found = Result<Vec<SocketAddr>, String>;

// === impl Schedule ===

impl Schedule {
    /// Looks a name up, at once for the first time.
    pub(super) fn begin(shared: &Arc<Shared>, upstream: &Name, job: Job, lookup: &Lookup) -> Self {
        let run = run(Arc::clone(shared), upstream.clone(), job.clone(), lookup.clone());
        Self {
            task: tokio::spawn(run),
            job,
        }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(shared: Arc<Shared>, upstream: Name, job: Job, lookup: Lookup) {
    let Job { state, resolve } = &job;
    loop {
        let (lookup, authority) = (lookup.clone(), Arc::clone(&state.authority));
        let mut asked = spawn_blocking(move || lookup.find(&authority).map_err(|error| error.to_string()));
        // There is never more than one lookup of a name under way, however slow it is, and what it finds is of use however late.
        let found = if let Ok(found) = timeout(resolve.timeout, &mut asked).await {
            found
        } else {
            learn(&shared, &upstream, &job, Err("it took too long".to_owned()));
            asked.await
        };
        learn(&shared, &upstream, &job, of_task(found));
        let pause = if state.is_unknown() {
            resolve.every.min(IMPATIENCE)
        } else {
            resolve.every
        };
        sleep(pause).await;
    }
}

fn of_task(found: Result<Found, JoinError>) -> Found {
    found.unwrap_or_else(|error| Err(error.to_string()))
}

fn learn(shared: &Shared, upstream: &Name, job: &Job, found: Found) {
    let Job { state, resolve } = job;
    let learned = state.learn(found.map(|all| resolve.prefer.of(all)));
    if let Some(current) = shared.current.load().upstreams.get(upstream) {
        current.refresh();
    }
    if learned.is_change() {
        shared.endpoints_changed.notify_one();
    }
    tell(upstream, &state.authority, &learned, &state.figures());
}

fn tell(upstream: &Name, name: &str, learned: &Learned, figures: &NameFigures) {
    let NameFigures {
        addresses, trouble, ..
    } = figures;
    if learned.began_to_fail {
        let (known, reason) = (addresses.len(), trouble.as_deref().unwrap_or_default());
        tracing::warn!(%upstream, name, reason, known, "name has no answer");
    }
    if learned.answers_again {
        tracing::info!(%upstream, name, "name is answered again");
    }
    if learned.is_change() {
        let (added, removed) = (listed(&learned.added), listed(&learned.removed));
        tracing::info!(%upstream, name, added, removed, known = addresses.len(), "addresses changed");
    }
}

fn listed(addresses: &[SocketAddr]) -> String {
    let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    all.join(", ")
}
