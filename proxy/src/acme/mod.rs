//! Certificates that are ordered from an authority while the proxy runs, by ACME (RFC 8555), on a thread of their own.
//!
//! In: each change, once it serves. Out: what was issued, in the slots that handshakes look into, and in files, so that a proxy that starts has
//! it at once. No change waits for an authority, and a change that leaves a host's authority as it is leaves its orders as they are. What was
//! issued is state, not configuration: it makes no revision, and outlives every reload.

mod client;
mod order;
mod schedule;
mod store;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::aside::Aside;
use crate::model::{Acme, Model};
use crate::reload::{Change, Follower, Refused};
use crate::runtime::{Shared, Standing};
use crate::tls::{Slot, Vault};
use order::Authority;
use store::Store;

/// Lets orders follow the configuration.
#[derive(Debug)]
pub(crate) struct Orderer {
    shared: Arc<Shared>,
    vault: Arc<Vault>,
    /// Nothing until the first change that asks for certificates.
    running: Option<Aside<Jobs>>,
    staged: Option<Jobs>,
    /// The folder that the stage made, if it made one.
    made: Option<Store>,
}

/// What is to be had, and from whom.
#[derive(Debug, Default)]
struct Jobs {
    authority: Option<(Arc<Acme>, Store)>,
    hosts: Vec<(Arc<str>, Arc<Slot>)>,
}

/// The orders of one host.
#[derive(Debug)]
struct Keeper {
    slot: Arc<Slot>,
    task: AbortHandle,
}

/// What a thread that orders needs.
struct Office {
    shared: Arc<Shared>,
    authority: Option<Arc<Authority>>,
    keepers: HashMap<Arc<str>, Keeper>,
    turns: Arc<Semaphore>,
}

/// Orders at a time.
const TURNS: usize = 4;
/// An order that takes longer has failed.
const ORDER_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// The clock may be set: nobody sleeps longer without looking at it.
const LOOK: Duration = Duration::from_secs(3600);

/// All hosts for which a certificate is to be had.
fn hosts(model: &Model) -> BTreeSet<Arc<str>> {
    let listeners = model.listeners.values();
    let tls = listeners.filter_map(|listener| listener.tls.as_ref());
    tls.flat_map(|tls| &tls.acme_hosts).cloned().collect()
}

/// Fails if what a model asks for could not be stored. Nothing is made.
pub(crate) fn try_storage(model: &Model) -> io::Result<()> {
    match &model.settings.acme {
        Some(acme) if !hosts(model).is_empty() => Store::at(&acme.storage, &acme.directory).try_open(),
        _ => Ok(()),
    }
}

fn left(until: Option<Instant>) -> Duration {
    until.map_or(Duration::ZERO, |until| {
        until.saturating_duration_since(Instant::now())
    })
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

// === impl Orderer ===

impl Orderer {
    pub(crate) fn new(shared: Arc<Shared>, vault: Arc<Vault>) -> Self {
        Self {
            shared,
            vault,
            running: None,
            staged: None,
            made: None,
        }
    }

    /// What a model asks for. What is stored already is in its slots from then on.
    fn jobs(
        &mut self,
        former: Option<&Arc<Acme>>,
        acme: &Arc<Acme>,
        hosts: BTreeSet<Arc<str>>,
    ) -> io::Result<Jobs> {
        let store = Store::at(&acme.storage, &acme.directory);
        // A disk that is full or hangs is no matter of a change of something else.
        if former.is_none_or(|former| former.storage != acme.storage || former.directory != acme.directory)
            && store.open()?
        {
            self.made = Some(store.clone());
        }
        let slot = |host: Arc<str>| {
            let slot = self.vault.slot(&acme.directory, &host);
            if slot.issued().is_none()
                && let Some(issued) = store.load(&host)
            {
                slot.put_first(Arc::new(issued));
            }
            (host, slot)
        };
        Ok(Jobs {
            hosts: hosts.into_iter().map(slot).collect(),
            authority: Some((Arc::clone(acme), store)),
        })
    }
}

impl Follower for Orderer {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let hosts = hosts(change.new);
        // What nobody asked for before was never opened.
        let former = change.old.settings.acme.as_ref();
        let former = former.filter(|_| !self::hosts(change.old).is_empty());
        let jobs = match &change.new.settings.acme {
            Some(acme) if !hosts.is_empty() => self.jobs(former, acme, hosts)?,
            _ => Jobs::default(),
        };
        if jobs.authority.is_some() && self.running.is_none() {
            let shared = Arc::clone(&self.shared);
            self.running = Some(Aside::start("acme", |changes| Office::work(shared, changes))?);
        }
        self.staged = Some(jobs);
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        self.made = None;
        match (&self.running, self.staged.take()) {
            (Some(running), Some(jobs)) => running.tell(jobs),
            _ => Ok(()),
        }
    }

    fn abandon(&mut self) {
        self.staged = None;
        if let Some(store) = self.made.take() {
            store.remove();
        }
    }
}

// === impl Office ===

impl Office {
    /// Follows changes of the configuration, until there are no more.
    async fn work(shared: Arc<Shared>, mut changes: UnboundedReceiver<Jobs>) {
        let mut office = Self {
            shared,
            authority: None,
            keepers: HashMap::new(),
            turns: Arc::new(Semaphore::new(TURNS)),
        };
        while let Some(jobs) = changes.recv().await {
            office.follow(jobs);
        }
    }

    fn follow(&mut self, jobs: Jobs) {
        let Jobs { authority, hosts } = jobs;
        let is_same = match (&self.authority, &authority) {
            (Some(old), Some((new, _))) => old.acme == *new,
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            self.authority = authority.map(|(acme, store)| Arc::new(Authority::new(acme, store)));
            self.keepers.clear();
        }
        let is_wanted = |host: &Arc<str>, slot: &Arc<Slot>| {
            hosts
                .iter()
                .any(|(other, at)| other == host && Arc::ptr_eq(at, slot))
        };
        self.keepers.retain(|host, keeper| is_wanted(host, &keeper.slot));
        self.shared
            .issuance
            .keep(|kept| hosts.iter().any(|(host, _)| **host == *kept));
        let Some(authority) = &self.authority else {
            return;
        };
        for (host, slot) in hosts {
            if self.keepers.contains_key(&host) {
                continue;
            }
            let keeping = keep(
                Arc::clone(authority),
                Arc::clone(&host),
                Arc::clone(&slot),
                Arc::clone(&self.shared),
                Arc::clone(&self.turns),
            );
            let task = tokio::spawn(keeping).abort_handle();
            self.keepers.insert(host, Keeper { slot, task });
        }
    }
}

/// Sees to it that there is a certificate for a host, for as long as it runs.
async fn keep(
    authority: Arc<Authority>,
    host: Arc<str>,
    slot: Arc<Slot>,
    shared: Arc<Shared>,
    turns: Arc<Semaphore>,
) {
    // Another storage than before gets what there is.
    if let Some(issued) = slot.issued()
        && let Err(error) = authority.store.save(&host, &issued.pem)
    {
        tracing::warn!(%host, %error, "a certificate could not be stored; it serves on");
    }
    let mut due = schedule::due(slot.issued().map(|issued| issued.validity), fastrand::f64());
    let (mut failures, mut error) = (0, None);
    // Not by the clock, which may have been wrong, and be set since.
    let mut not_before = None;
    loop {
        let not_after = slot.issued().map(|issued| UNIX_EPOCH + issued.validity.1);
        let standing = Standing {
            not_after,
            next_order: UNIX_EPOCH + due.max(since_epoch() + left(not_before)),
            error: error.clone(),
        };
        shared.issuance.note(&host, standing);
        if let Some(not_before) = not_before {
            tokio::time::sleep_until(not_before).await;
        }
        let wait = due.saturating_sub(since_epoch());
        tokio::time::sleep(wait.min(LOOK)).await;
        if wait > LOOK {
            continue;
        }
        // It is closed by nobody.
        let Ok(turn) = turns.acquire().await else { return };
        let ordered = tokio::time::timeout(ORDER_TIMEOUT, authority.order(&host, &slot, &shared)).await;
        drop(turn);
        let ordered = ordered.unwrap_or(Err(order::Failed::TooSlow));
        shared.issuance.count(ordered.is_ok());
        match ordered {
            Ok(issued) => {
                (failures, error) = (0, None);
                due = schedule::due(Some(issued.validity), fastrand::f64());
                // An authority may issue what is nearly over by the clock here.
                not_before = Some(Instant::now() + schedule::pause(1));
                let good = UNIX_EPOCH + issued.validity.1;
                let good_until = humantime::format_rfc3339_seconds(good);
                tracing::info!(%host, %good_until, "a certificate was issued, and is shown from now on");
                let stored = authority.store.save(&host, &issued.pem);
                slot.put(Arc::new(issued));
                if let Err(error) = stored {
                    tracing::warn!(%host, %error, "a certificate could not be stored: it serves until the proxy ends");
                }
            }
            Err(failed) => {
                failures += 1;
                let pause = schedule::pause(failures);
                due = Duration::ZERO;
                not_before = Some(Instant::now() + pause);
                let again = humantime::format_duration(pause);
                tracing::warn!(%host, error = %failed, %again, "no certificate was issued; what there is serves on");
                error = Some(failed.to_string());
            }
        }
    }
}

// === impl Keeper ===

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}
