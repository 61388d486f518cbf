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
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc;

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
    running: Option<Running>,
}

/// By the upstream's name and the endpoint's.
type Jobs = HashMap<(Name, Arc<str>), Job>;

/// What is looked up, and how.
#[derive(Debug, Clone)]
struct Job {
    state: Arc<NameState>,
    resolve: Resolve,
}

/// The thread that looks names up.
#[derive(Debug)]
struct Running {
    changes: mpsc::UnboundedSender<()>,
    thread: JoinHandle<()>,
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

// === impl Running ===

impl Running {
    fn start(shared: Arc<Shared>, lookup: Lookup) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (changes, mut changed) = mpsc::unbounded_channel();
        let run = move || {
            runtime.block_on(async {
                let mut schedules = HashMap::new();
                while changed.recv().await.is_some() {
                    follow(&mut schedules, &shared, &lookup);
                }
            });
            // Whoever looks a name up cannot be told to stop.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("names".to_owned()).spawn(run)?;
        Ok(Self { changes, thread })
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
            self.running = Some(Running::start(Arc::clone(&self.shared), self.lookup.clone())?);
        }
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        match &self.running {
            Some(running) => Ok(running.changes.send(())?),
            None => Ok(()),
        }
    }

    /// A thread that has nothing to do may stay.
    fn abandon(&mut self) {}
}

impl Drop for Resolver {
    fn drop(&mut self) {
        if let Some(Running { changes, thread }) = self.running.take() {
            drop(changes);
            if thread.join().is_err() {
                tracing::error!("the thread that looks names up panicked");
            }
        }
    }
}
