//! Checks of endpoints, off the path of requests: one schedule for each endpoint, on a thread of their own.
//!
//! In: each change, once it serves. Out: what is known of the endpoints that serve, and a record of each that becomes healthy or unhealthy. A change that
//! leaves an endpoint's checks as they are leaves their schedule as it is, and no change waits for a check.

mod check;
mod grpc;
mod schedule;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::aside::Aside;
use crate::model::{Health, Name, Protocol};
use crate::reload::{Change, Follower, Refused};
use crate::runtime::{EndpointState, Secured, Shared};
use schedule::Schedule;

/// Lets checks follow the configuration.
#[derive(Debug)]
pub(crate) struct Checker {
    shared: Arc<Shared>,
    /// Nothing until the first change that asks for checks.
    running: Option<Aside<()>>,
}

/// By the upstream's name and what the endpoint is known by.
type Jobs = HashMap<(Name, Arc<str>), Job>;

/// What is checked, and how.
#[derive(Debug, Clone)]
struct Job {
    state: Arc<EndpointState>,
    /// Its host and port, as the configuration says it.
    authority: Arc<str>,
    address: SocketAddr,
    health: Health,
    protocol: Protocol,
    secured: Option<Arc<Secured>>,
}

// === impl Job ===

impl Job {
    /// Whether another one asks the same in the same way. What is known of an endpoint is the same one as long as the endpoint is.
    fn is_same(&self, other: &Self) -> bool {
        let rules = |job: &Self| job.secured.as_ref().map(Arc::as_ptr);
        let is_asked_so = self.health == other.health && self.protocol == other.protocol;
        Arc::ptr_eq(&self.state, &other.state) && is_asked_so && rules(self) == rules(other)
    }
}

/// Follows changes of the configuration and of addresses, until there are no more of the former.
async fn work(shared: Arc<Shared>, mut changed: UnboundedReceiver<()>) {
    let mut schedules = HashMap::new();
    loop {
        tokio::select! {
            change = changed.recv() => if change.is_none() { return },
            () = shared.endpoints_changed.notified() => {}
        }
        follow(&mut schedules, jobs(&shared));
    }
}

fn follow(schedules: &mut HashMap<(Name, Arc<str>), Schedule>, jobs: Jobs) {
    schedules.retain(|key, _| jobs.contains_key(key));
    for (key, job) in jobs {
        match schedules.get_mut(&key) {
            Some(schedule) if schedule.job.is_same(&job) => {}
            Some(schedule) if Arc::ptr_eq(&schedule.job.state, &job.state) => schedule.change(&key, job),
            _ => drop(schedules.insert(key.clone(), Schedule::begin(&key, job))),
        }
    }
}

/// All endpoints that serve and are to be checked.
fn jobs(shared: &Shared) -> Jobs {
    let snapshot = shared.current.load();
    let mut jobs = Jobs::new();
    for (name, current) in &snapshot.upstreams {
        let upstream = current.now();
        let Some(health) = &upstream.definition.health else {
            continue;
        };
        for member in &upstream.members {
            let job = Job {
                state: Arc::clone(&member.state),
                authority: Arc::clone(&member.authority),
                address: member.address,
                health: health.clone(),
                protocol: upstream.definition.protocol,
                secured: upstream.secured.clone(),
            };
            jobs.insert((name.clone(), Arc::clone(&member.key)), job);
        }
    }
    jobs
}

// === impl Checker ===

impl Checker {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            running: None,
        }
    }
}

impl Follower for Checker {
    fn name(&self) -> &'static str {
        "upstreams"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let is_wanted = change.new.upstreams.values().any(|one| one.health.is_some());
        if is_wanted && self.running.is_none() {
            let shared = Arc::clone(&self.shared);
            self.running = Some(Aside::start("health", |changed| work(shared, changed))?);
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
