//! The workers, and on which sockets they accept, as one thing that is staged, committed or left as it was.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::follower::Refused;
use super::handshakes::HandshakeError;
use super::sockets::{BindError, Purpose, StagedSockets};
use crate::model::Cut;
use crate::runtime::{Shared, Worker};

/// Workers.
#[derive(Debug)]
pub(super) struct Fleet {
    shared: Arc<Shared>,
    workers: Vec<Worker>,
    /// Workers that accept no more and end with their last connection.
    retired: Vec<Worker>,
    started: usize,
}

/// What a commit will put in place. Nobody is served by it until then.
#[derive(Debug)]
pub(super) struct StagedFleet {
    recruits: Vec<Worker>,
    workers: usize,
    /// The numbers of the sockets that nobody is to accept traffic on any more.
    leaving: Vec<u64>,
    has_new_sockets: bool,
}

/// Why a valid configuration cannot serve now.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A listener cannot speak TLS.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// A worker cannot be started, or a socket cannot be handed to one.
    #[error("failed to prepare a worker: {0}")]
    Worker(#[source] io::Error),
    /// Something that follows the configuration, by its name, cannot do so.
    #[error("{1}")]
    Follower(&'static str, #[source] Refused),
    /// A worker does not answer.
    #[error("a worker does not answer")]
    Silent,
}

/// How long a worker may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

// === impl Fleet ===

impl Fleet {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            workers: Vec::new(),
            retired: Vec::new(),
            started: 0,
        }
    }

    /// Prepares so many workers for these sockets: everything that could fail.
    pub(super) fn stage(
        &mut self,
        workers: usize,
        sockets: &StagedSockets,
    ) -> Result<StagedFleet, StageError> {
        let mut staged = StagedFleet {
            recruits: Vec::new(),
            workers,
            leaving: sockets.leaving(Purpose::Traffic),
            has_new_sockets: false,
        };
        match self.hand_over(&mut staged, sockets) {
            Ok(()) => Ok(staged),
            Err(error) => {
                self.workers.iter().for_each(Worker::abandon);
                Err(error)
            }
        }
    }

    fn hand_over(&mut self, staged: &mut StagedFleet, sockets: &StagedSockets) -> Result<(), StageError> {
        let mut answers = Vec::new();
        for worker in &self.workers {
            let new = sockets.coming(Purpose::Traffic).map_err(StageError::Worker)?;
            if new.is_empty() {
                break;
            }
            staged.has_new_sockets = true;
            answers.push(worker.stage(new).map_err(|_| StageError::Silent)?);
        }
        for _ in self.workers.len()..staged.workers {
            self.started += 1;
            let worker = Worker::start(self.started, Arc::clone(&self.shared)).map_err(StageError::Worker)?;
            let all = sockets.all(Purpose::Traffic).map_err(StageError::Worker)?;
            answers.push(worker.stage(all).map_err(|_| StageError::Silent)?);
            staged.recruits.push(worker);
        }
        for answer in answers {
            match answer.recv_timeout(PATIENCE) {
                Ok(result) => result.map_err(StageError::Worker)?,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(StageError::Silent);
                }
            }
        }
        Ok(())
    }

    /// Accepts on what was staged, then stops on what is no longer wanted. Returns when both are so.
    ///
    /// Of what is no longer wanted the registry has no handle any more: the workers have their own, and whoever closes the last has emptied
    /// the queue just before.
    pub(super) fn commit(&mut self, staged: StagedFleet, drain: Cut) {
        let StagedFleet {
            recruits,
            workers,
            leaving,
            has_new_sockets,
        } = staged;
        let keeps_sockets = leaving.is_empty() && !has_new_sockets;
        if keeps_sockets && recruits.is_empty() && workers == self.workers.len() {
            return;
        }
        self.workers.extend(recruits);
        let answers: Vec<Receiver<()>> = self
            .workers
            .iter()
            .map(|worker| worker.commit(leaving.clone(), drain))
            .collect();
        let deadline = Instant::now() + PATIENCE;
        for answer in answers {
            // A worker that is too busy to answer does it later: the snapshot is in place already.
            let _ = answer.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        for surplus in self.workers.drain(workers.min(self.workers.len())..) {
            surplus.retire();
            self.retired.push(surplus);
        }
    }

    /// Has all connections ask whether the route that they are answered by is gone.
    pub(super) fn look(&self) {
        self.workers.iter().chain(&self.retired).for_each(Worker::look);
    }

    /// Has connections to upstreams be kept by what serves now.
    pub(super) fn sweep(&self) {
        self.workers.iter().for_each(Worker::sweep);
    }

    /// Has all connections end that came by other rules than those of their listener.
    pub(super) fn retire_strangers(&self, drain: Cut) {
        let everyone = self.workers.iter().chain(&self.retired);
        everyone.for_each(|worker| worker.retire_strangers(drain));
    }

    /// Joins retired workers that have ended.
    pub(super) fn reap(&mut self) {
        let (ended, running) = std::mem::take(&mut self.retired)
            .into_iter()
            .partition(Worker::is_finished);
        self.retired = running;
        let ended: Vec<Worker> = ended;
        ended.into_iter().for_each(Worker::join);
    }

    pub(super) fn is_draining(&self) -> bool {
        !self.retired.is_empty()
    }

    /// Stops all workers and waits until they ended. As in a commit, they close their sockets last.
    pub(super) fn stop(self, drain: Duration) {
        let everyone: Vec<Worker> = self.workers.into_iter().chain(self.retired).collect();
        for worker in &everyone {
            worker.stop(drain);
        }
        everyone.into_iter().for_each(Worker::join);
    }
}
