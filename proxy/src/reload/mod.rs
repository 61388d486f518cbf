//! The reload: from the bytes of a candidate to what serves, or to the reason why nothing changes.
//!
//! In: a [`Candidate`]. Out: an [`Outcome`]. Boot is the same path, from the empty model.
//!
//! ```text
//! source → parse → gather → validate → plan → stage → compile → commit → drain
//! ```
//! Everything that can fail stands before the commit. The commit is one pointer swap.
//!
//! Module arrows: `supervisor → reload → {config, runtime}`.

mod candidate;
mod compile;
mod fleet;
mod outcome;
mod plan;
mod sockets;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

pub use candidate::{Candidate, Digest};
pub use compile::compile;
pub use fleet::StageError;
pub use outcome::{Outcome, Rejection, Sameness};
pub use plan::{Changes, Plan};

use crate::config::{self, Text};
use crate::log::LogControl;
use crate::model::{Model, Name};
use crate::runtime::{Current, Shared, Snapshot};
use fleet::Fleet;

/// What serves, and the only one that changes it.
#[derive(Debug)]
pub struct Reloader {
    shared: Arc<Shared>,
    model: Model,
    digest: Option<Digest>,
    revision: u64,
    fleet: Fleet,
    log: Option<LogControl>,
    /// Replaced snapshots that a request may still hold. They are dropped here, off the request path.
    retired: Vec<Arc<Snapshot>>,
}

// === impl Reloader ===

impl Reloader {
    /// Serves nothing yet. Records follow the configured level and format through `log`, if given.
    pub fn new(log: Option<LogControl>) -> Self {
        let shared = Shared::new(Current::new(Snapshot::default()));
        let fleet = Fleet::new(Arc::clone(&shared));
        Self {
            shared,
            model: Model::default(),
            digest: None,
            revision: 0,
            fleet,
            log,
            retired: Vec::new(),
        }
    }

    /// Makes a candidate serve if it is good, and changes nothing if it is not.
    pub fn reload(&mut self, candidate: &Candidate) -> Outcome {
        let started = Instant::now();
        if self.digest == Some(candidate.digest) {
            return Outcome::Unchanged {
                revision: self.revision,
                sameness: Sameness::Content,
            };
        }
        let from = self.revision;
        match self.attempt(candidate) {
            Ok(plan) if plan.is_empty() => {
                self.digest = Some(candidate.digest);
                Outcome::Unchanged {
                    revision: from,
                    sameness: Sameness::Meaning,
                }
            }
            Ok(plan) => {
                self.digest = Some(candidate.digest);
                let (revision, digest) = (self.revision, candidate.digest);
                Outcome::Applied {
                    from,
                    revision,
                    digest,
                    changed: plan.to_string(),
                    duration: started.elapsed(),
                }
            }
            Err(rejection) => Outcome::Rejected {
                revision: from,
                digest: candidate.digest,
                rejection,
            },
        }
    }

    /// The whole order of a reload.
    fn attempt(&mut self, candidate: &Candidate) -> Result<Plan, Rejection> {
        let text = Text::new(&candidate.name, candidate.format, &candidate.bytes)?;
        let document = config::parse(text)?;
        // Gather: a configuration refers to no other files, so that its own text is all there is to read.
        let model = config::validate(&document, text)?;
        drop(document);
        let plan = Plan::between(&self.model, &model);
        if plan.is_empty() {
            return Ok(plan);
        }
        let staged = self.fleet.stage(&model)?;
        let revision = self.revision + 1;
        let snapshot = compile(&model, revision, &staged.addresses, &self.shared.current.load());

        // Commit. From here on nothing can fail.
        let retired = self.shared.current.swap(Arc::new(snapshot));
        self.fleet.commit(staged, model.settings.drain.timeout);
        if let Some(log) = &self.log {
            log.follow(model.settings.log);
        }
        self.model = model;
        self.revision = revision;

        self.retired.push(retired);
        self.drain();
        Ok(plan)
    }

    /// Drops what nothing uses any more. To be called now and then.
    pub fn drain(&mut self) {
        self.retired.retain(|snapshot| Arc::strong_count(snapshot) > 1);
        self.fleet.reap();
    }

    /// Whether something is retired and not gone yet.
    pub fn is_draining(&self) -> bool {
        !self.retired.is_empty() || self.fleet.is_draining()
    }

    /// The number of what serves; 0 before the first configuration.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What serves.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The address that each listener is bound to.
    pub fn addresses(&self) -> Vec<(Name, SocketAddr)> {
        let bound = |(name, listener): (&Name, &Arc<crate::model::Listener>)| {
            Some((name.clone(), self.fleet.bound(listener.address)?))
        };
        self.model.listeners.iter().filter_map(bound).collect()
    }

    /// What the workers share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Stops accepting, lets what is in flight finish within the drain time-out, and ends.
    pub fn stop(self) {
        self.fleet.stop(self.model.settings.drain.timeout);
    }
}

/// Everything of a reload short of stage and commit, against a proxy that serves nothing: a dry run that touches no socket.
pub fn check(candidate: &Candidate) -> Result<Plan, Rejection> {
    let text = Text::new(&candidate.name, candidate.format, &candidate.bytes)?;
    let document = config::parse(text)?;
    let model = config::validate(&document, text)?;
    let plan = Plan::between(&Model::default(), &model);
    let unbound = model
        .listeners
        .values()
        .map(|listener| (listener.address, listener.address))
        .collect();
    drop(compile(&model, 1, &unbound, &Snapshot::default()));
    Ok(plan)
}
