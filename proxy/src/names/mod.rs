//! Lookups of the names that endpoints are given by, off the path of requests and of changes: one schedule for each name, on a thread of their own.
//!
//! In: each change, once it serves. Out: what is known of names, and the endpoints that follow from it. No change waits for a name, and a name that is slow or
//! fails keeps no other from being looked up.

mod schedule;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::aside::Aside;
use crate::model::{Name, Resolve};
use crate::reload::{Change, Follower, Refused};
use crate::runtime::{NameState, Shared};
use schedule::Schedule;

/// Finds the addresses of `host:port`. It may take its time.
#[derive(Clone)]
pub(crate) struct Lookup(Arc<Find>);

type Find = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Lets lookups follow the configuration.
#[derive(Debug)]
pub(crate) struct Resolver {
    shared: Arc<Shared>,
    lookup: Lookup,
    /// Nothing until the first change that has a name.
    running: Option<Aside<()>>,
}

/// By the upstream's name and the endpoint's.
type Jobs = HashMap<(Name, Arc<str>), Job>;

/// What is looked up, and how.
#[derive(Debug, Clone)]
struct Job {
    state: Arc<NameState>,
    resolve: Resolve,
}

// === impl Lookup ===

impl Lookup {
    pub(crate) fn new(find: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// As the system does it: files, name servers, and whatever else it is told to ask.
    pub(crate) fn of_system() -> Self {
        Self::new(|authority| authority.to_socket_addrs().map(Iterator::collect))
    }

    fn find(&self, authority: &str) -> io::Result<Vec<SocketAddr>> {
        (self.0)(authority)
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

/// Follows changes of the configuration, until there are no more.
async fn work(shared: Arc<Shared>, lookup: Lookup, mut changed: UnboundedReceiver<()>) {
    let mut schedules = HashMap::new();
    while changed.recv().await.is_some() {
        follow(&mut schedules, &shared, &lookup);
    }
}

fn follow(schedules: &mut HashMap<(Name, Arc<str>), Schedule>, shared: &Arc<Shared>, lookup: &Lookup) {
    let jobs = jobs(shared);
    schedules.retain(|key, _| jobs.contains_key(key));
    for (key, job) in jobs {
        let is_same = |schedule: &Schedule| {
            Arc::ptr_eq(&schedule.job.state, &job.state) && schedule.job.resolve == job.resolve
        };
        if !schedules.get(&key).is_some_and(is_same) {
            let schedule = Schedule::begin(shared, &key.0, job, lookup);
            schedules.insert(key, schedule);
        }
    }
}

/// All names that serve. What was learned while the change was made is laid out here.
fn jobs(shared: &Shared) -> Jobs {
    let snapshot = shared.current.load();
    let mut jobs = Jobs::new();
    for (upstream, current) in &snapshot.upstreams {
        if current.refresh() {
            shared.endpoints_changed.notify_one();
        }
        let resolve = current.now().definition.resolve;
        for state in current.names() {
            let job = Job {
                state: Arc::clone(state),
                resolve,
            };
            jobs.insert((upstream.clone(), Arc::clone(&state.authority)), job);
        }
    }
    jobs
}

// === impl Resolver ===

impl Resolver {
    pub(crate) fn new(shared: Arc<Shared>, lookup: Lookup) -> Self {
        Self {
            shared,
            lookup,
            running: None,
        }
    }
}

impl Follower for Resolver {
    fn name(&self) -> &'static str {
        "names"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let mut endpoints = change.new.upstreams.values().flat_map(|one| &one.endpoints);
        if self.running.is_none() && endpoints.any(|one| one.address().is_none()) {
            let (shared, lookup) = (Arc::clone(&self.shared), self.lookup.clone());
            self.running = Some(Aside::start("names", |changed| work(shared, lookup, changed))?);
        }
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        match &self.running {
            Some(running) => running.tell(()),
            None => Ok(()),
        }
    }

    /// A thread that has nothing to do may stay.
    fn abandon(&mut self) {}
}
