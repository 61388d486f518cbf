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
mod follower;
mod handshakes;
mod history;
mod outcome;
mod parcel;
mod plan;
mod sockets;
mod status;
pub mod touches;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tracing::field::Empty;
use tracing::info_span;

pub use candidate::{Candidate, Digest, Member, Origin};
pub use compile::{Opened, compile};
pub use fleet::StageError;
pub use follower::{Change, Follower, Refused};
pub use handshakes::HandshakeError;
pub use history::Revision;
pub use outcome::{DOCUMENT, Made, Outcome, Rejection, Sameness};
pub use parcel::{PARCEL_TYPE, Parcel};
pub use plan::{Changes, Plan};
pub(crate) use sockets::{Purpose, StagedSockets, try_addresses};
pub use status::{Attempt, Board, Status};
pub use touches::Touches;

use crate::config::Memory;
use crate::model::{Address, Cut, Drain, Model, Name};
use crate::pace;
use crate::runtime::{Current, Shared, Snapshot};
use crate::tls::Vault;
use fleet::{Fleet, StagedFleet};
use follower::Followers;
use handshakes::Handshakes;
use history::History;
use sockets::Sockets;

/// What serves, and the only one that changes it.
#[derive(Debug)]
pub struct Reloader {
    shared: Arc<Shared>,
    model: Arc<Model>,
    /// What parts of the last texts mean.
    memory: Memory,
    history: History,
    digest: Option<Digest>,
    revision: u64,
    fleet: Fleet,
    followers: Followers,
    handshakes: Handshakes,
    /// Below the followers, which are gone before their sockets.
    sockets: Sockets,
    /// Replaced snapshots that a request may still hold. They are dropped here, off the request path.
    retired: Vec<Arc<Snapshot>>,
}

/// What a commit will put in place. Dropped, it leaves no trace.
#[derive(Debug)]
struct Staged {
    handshakes: Handshakes,
    sockets: StagedSockets,
    fleet: StagedFleet,
}

// === impl Staged ===

impl Staged {
    /// Where listeners are bound, and what shakes hands there.
    fn opened(&self) -> Opened<'_> {
        Opened {
            addresses: self.sockets.bound(Purpose::Traffic),
            handshakes: Some(&self.handshakes),
        }
    }
}

// === impl Reloader ===

impl Default for Reloader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reloader {
    /// Serves nothing yet.
    pub fn new() -> Self {
        let shared = Shared::new(Current::new(Snapshot::default()));
        let fleet = Fleet::new(Arc::clone(&shared));
        Self {
            shared,
            model: Arc::default(),
            memory: Memory::default(),
            history: History::default(),
            digest: None,
            revision: 0,
            fleet,
            followers: Followers::default(),
            handshakes: Handshakes::default(),
            sockets: Sockets::default(),
            retired: Vec::new(),
        }
    }

    /// Lets something else follow the configuration too.
    pub fn add_follower(&mut self, follower: Box<dyn Follower>) {
        self.followers.add(follower);
    }

    /// Makes a candidate serve if it is good, and changes nothing if it is not.
    pub fn reload(&mut self, candidate: &Candidate) -> Outcome {
        let started = Instant::now();
        let digest = candidate.digest;
        traced(candidate.origin, digest, || {
            if self.digest == Some(digest) {
                return self.unchanged(Sameness::Content);
            }
            let attempt = read(candidate, Some(&mut self.memory));
            let attempt = attempt.and_then(|model| self.apply(model, digest, candidate.origin));
            self.outcome(attempt, digest, started)
        })
    }

    /// Makes serve again, under a new number, what an earlier revision said. None if it is not kept.
    pub fn roll_back(&mut self, to: u64) -> Option<Outcome> {
        pace::begin();
        let started = Instant::now();
        let revision = self.history.find(to)?;
        let (origin, digest) = (Origin::Rollback { to }, revision.digest);
        Some(traced(origin, digest, || {
            if self.digest == Some(digest) {
                return self.unchanged(Sameness::Content);
            }
            let attempt = self.apply(Model::clone(&revision.model), digest, origin);
            self.outcome(attempt, digest, started)
        }))
    }

    fn outcome(&mut self, attempt: Result<Made, Rejection>, digest: Digest, started: Instant) -> Outcome {
        match attempt {
            Ok(made) if made.plan.is_empty() => {
                self.digest = Some(digest);
                self.unchanged(Sameness::Meaning)
            }
            Ok(made) => Outcome::Applied {
                from: self.revision - 1,
                revision: self.revision,
                digest,
                changed: made.plan.to_string(),
                components: made.plan.components(),
                made: Arc::new(made),
                duration: started.elapsed(),
            },
            Err(rejection) => Outcome::Rejected {
                revision: self.revision,
                digest: Some(digest),
                rejection,
            },
        }
    }

    fn unchanged(&self, sameness: Sameness) -> Outcome {
        Outcome::Unchanged {
            revision: self.revision,
            sameness,
        }
    }

    /// Everything after the validation.
    fn apply(&mut self, model: Model, digest: Digest, origin: Origin) -> Result<Made, Rejection> {
        pace::give_way();
        let plan = info_span!("plan").in_scope(|| Plan::between(&self.model, &model));
        if plan.is_empty() {
            let serving = &self.model;
            let (old, new) = (Arc::clone(serving), Arc::clone(serving));
            return Ok(Made { old, new, plan });
        }
        // By the plan, so that revisions share what did not change; routes share by themselves.
        let model = Arc::new(plan.settle(model, &self.model));
        let staged = info_span!("stage").in_scope(|| self.stage(&model, &plan))?;
        let revision = self.revision + 1;
        let serving = self.shared.current.load();
        let snapshot =
            info_span!("compile").in_scope(|| compile(&model, &plan, revision, &staged.opened(), &serving));
        let has_strangers = snapshot.estranges(&serving);

        // Commit. From here on nothing can fail.
        let commit = info_span!("commit").entered();
        // A moment before the rest: no answer of the new configuration was let in by the limits of the old one.
        snapshot.begin(&serving);
        drop(serving);
        let retired = self.shared.current.swap(Arc::new(snapshot));
        let Drain {
            timeout,
            listener_timeout,
            route_timeout,
        } = model.settings.drain;
        self.shared.retire(&retired.generation);
        // What goes to somebody else is let go of first: an address that changes its purpose is never both.
        self.followers.release(timeout);
        drop(self.sockets.commit(staged.sockets));
        self.handshakes = staged.handshakes;
        self.fleet.commit(staged.fleet, listener_timeout);
        if has_strangers {
            self.fleet.retire_strangers(listener_timeout);
        }
        if !plan.upstreams.is_empty() {
            self.fleet.sweep();
        }
        self.followers.commit(timeout);
        if let (Cut::After(time), false) = (route_timeout, plan.routes.remove.is_empty()) {
            self.shared
                .cut_routes(revision, plan.routes.remove.iter().cloned(), time);
            self.fleet.look();
        }
        let keep = model.settings.revisions.keep;
        let old = std::mem::replace(&mut self.model, Arc::clone(&model));
        let new = Arc::clone(&model);
        self.revision = revision;
        self.digest = Some(digest);
        let revision = Revision {
            number: revision,
            digest,
            at: SystemTime::now(),
            origin,
            changed: plan.to_string(),
            model,
        };
        self.history.push(revision, keep);

        self.retired.push(retired);
        drop(commit);
        pace::yield_now();
        info_span!("drain").in_scope(|| self.drain());
        Ok(Made { old, new, plan })
    }

    fn stage(&mut self, model: &Model, plan: &Plan) -> Result<Staged, StageError> {
        let handshakes = self.handshakes.stage(model)?;
        let sockets = self.sockets.stage(&sockets::wanted(model))?;
        let change = Change {
            old: &self.model,
            new: model,
            plan,
            sockets: &sockets,
        };
        self.followers
            .stage(change)
            .map_err(|(follower, error)| StageError::Follower(follower, error))?;
        match self.fleet.stage(model.settings.workers, &sockets) {
            Ok(fleet) => Ok(Staged {
                handshakes,
                sockets,
                fleet,
            }),
            Err(error) => {
                self.followers.abandon();
                Err(error)
            }
        }
    }

    /// Drops what nothing uses any more. To be called now and then.
    pub fn drain(&mut self) {
        self.retired.retain(|snapshot| Arc::strong_count(snapshot) > 1);
        self.fleet.reap();
        self.followers.drain();
    }

    /// Whether something is retired and not gone yet.
    pub fn is_draining(&self) -> bool {
        !self.retired.is_empty() || self.fleet.is_draining()
    }

    /// The number of what serves; 0 before the first configuration.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The digest of the content that says what serves.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The revisions that are kept, from the oldest to the one that serves.
    pub fn revisions(&self) -> Vec<Arc<Revision>> {
        self.history.all()
    }

    /// What serves.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The address that each listener is bound to.
    pub fn addresses(&self) -> Vec<(Name, Address)> {
        let bound = |(name, listener): (&Name, &Arc<crate::model::Listener>)| {
            Some((name.clone(), self.sockets.bound(&listener.address)?.clone()))
        };
        self.model.listeners.iter().filter_map(bound).collect()
    }

    /// What is known of texts before, for whoever reads the next one.
    pub(crate) fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// What was issued by authorities while the proxy runs.
    pub(crate) fn vault(&self) -> &Arc<Vault> {
        &self.handshakes.vault
    }

    /// What the workers share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Stops accepting, lets what is in flight finish within the drain time-out, and ends.
    pub fn stop(mut self) {
        self.sockets.close(Purpose::Traffic);
        self.fleet.stop(self.model.settings.drain.timeout);
    }
}

/// A variable of the environment. It does not change while the process lives.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// From the bytes to what they mean: everything of a reload that asks nothing of the world.
fn read(candidate: &Candidate, mut memory: Option<&mut Memory>) -> Result<Model, Rejection> {
    let gathered =
        info_span!("gather").in_scope(|| candidate.gather_by(&environment, memory.as_deref_mut()))?;
    pace::give_way();
    Ok(info_span!("validate").in_scope(|| gathered.validate_by(memory))?)
}

/// Runs an attempt in a span of its own, below which each stage has one, so that whoever collects spans sees where the time goes.
fn traced(origin: Origin, digest: Digest, attempt: impl FnOnce() -> Outcome) -> Outcome {
    let span = info_span!("reload", %origin, %digest, outcome = Empty, revision = Empty);
    let outcome = span.in_scope(attempt);
    span.record("outcome", outcome.word());
    span.record("revision", outcome.revision());
    outcome
}

#[cfg(test)]
mod tests;

/// What a candidate would change in `model`. Nothing is touched, no address tried.
pub fn plan(model: &Model, candidate: &Candidate) -> Result<Plan, Rejection> {
    Ok(Plan::between(model, &read(candidate, None)?))
}

/// Everything of a reload before the stage, against a proxy that serves nothing, and the compilation of it. [`crate::check`] asks the world too.
pub(crate) fn check(candidate: &Candidate) -> Result<Plan, Rejection> {
    let model = read(candidate, None)?;
    let plan = Plan::between(&Model::default(), &model);
    drop(compile(
        &model,
        &plan,
        1,
        &Opened::default(),
        &Snapshot::default(),
    ));
    Ok(plan)
}
