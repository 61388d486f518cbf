//! The workers and the sockets that they accept on, as one thing that is staged, committed or left as it was.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::follower::Refused;
use super::sockets::{BindError, Sockets, StagedSockets};
use crate::model::{Cut, Model};
use crate::runtime::{Shared, Worker};

/// Workers and sockets.
#[derive(Debug)]
pub(super) struct Fleet {
    shared: Arc<Shared>,
    sockets: Sockets,
    workers: Vec<Worker>,
    /// Workers that accept no more and end with their last connection.
    retired: Vec<Worker>,
    started: usize,
}

/// What a commit will put in place. Nobody is served by it until then.
#[derive(Debug)]
pub(super) struct StagedFleet {
    /// For each configured address the one that is bound.
    pub(super) addresses: BTreeMap<SocketAddr, SocketAddr>,
    sockets: StagedSockets,
    recruits: Vec<Worker>,
    workers: usize,
}

/// Why a valid configuration cannot serve now.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
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
            sockets: Sockets::default(),
            workers: Vec::new(),
            retired: Vec::new(),
            started: 0,
        }
    }

    /// Prepares everything that a model needs and that could fail.
    pub(super) fn stage(&mut self, model: &Model) -> Result<StagedFleet, StageError> {
        let wanted: Vec<SocketAddr> = model
            .listeners
            .values()
            .map(|listener| listener.address)
            .collect();
        let sockets = self.sockets.stage(&wanted)?;
        let bound = |address| {
            Some((
                address,
                sockets.bound(address).or_else(|| self.sockets.bound(address))?,
            ))
        };
        let addresses = wanted.iter().copied().filter_map(bound).collect();
        let mut staged = StagedFleet {
            addresses,
            sockets,
            recruits: Vec::new(),
            workers: model.settings.workers,
        };
        match self.hand_over(&mut staged) {
            Ok(()) => Ok(staged),
            Err(error) => {
                self.workers.iter().for_each(Worker::abandon);
                Err(error)
            }
        }
    }

    fn hand_over(&mut self, staged: &mut StagedFleet) -> Result<(), StageError> {
        let mut answers = Vec::new();
        if !staged.sockets.changes_nothing() {
            for worker in &self.workers {
                let duplicates = staged.sockets.duplicates().map_err(StageError::Worker)?;
                answers.push(worker.stage(duplicates).map_err(|_| StageError::Silent)?);
            }
        }
        for _ in self.workers.len()..staged.workers {
            self.started += 1;
            let worker = Worker::start(self.started, Arc::clone(&self.shared)).map_err(StageError::Worker)?;
            let duplicates = self
                .sockets
                .duplicates(&staged.sockets)
                .map_err(StageError::Worker)?;
            answers.push(worker.stage(duplicates).map_err(|_| StageError::Silent)?);
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
    pub(super) fn commit(&mut self, staged: StagedFleet, drain: Cut) {
        let StagedFleet {
            sockets,
            recruits,
            workers,
            ..
        } = staged;
        if sockets.changes_nothing() && recruits.is_empty() && workers == self.workers.len() {
            return;
        }
        let closing = self.sockets.commit(sockets);
        let numbers = closing.numbers();
        // The workers have their own handles, and whoever closes the last has emptied the queue just before.
        drop(closing);
        self.workers.extend(recruits);
        let answers: Vec<Receiver<()>> = self
            .workers
            .iter()
            .map(|worker| worker.commit(numbers.clone(), drain))
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

    pub(super) fn bound(&self, address: SocketAddr) -> Option<SocketAddr> {
        self.sockets.bound(address)
    }

    /// Stops all workers and waits until they ended.
    pub(super) fn stop(self, drain: Duration) {
        let everyone: Vec<Worker> = self.workers.into_iter().chain(self.retired).collect();
        // As in a commit: the workers close last.
        drop(self.sockets);
        for worker in &everyone {
            worker.stop(drain);
        }
        everyone.into_iter().for_each(Worker::join);
    }
}
