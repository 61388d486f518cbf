//! What the connections of all workers do at one moment, for whoever wants to know what a change would do to them.
//!
//! In: a question. Out: one [`Roll`] a worker. It costs a request nothing: each worker keeps a list of its connections, and looks at them when it
//! is asked, which takes it some milliseconds where they are a hundred thousand.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::connection::Connection;
use super::worker::Command;
use crate::model::{Address, Protocol, RouteKey};

/// The connections of one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    /// Its number. Of two workers the one that was started later has the higher one.
    pub worker: usize,
    /// Whether it takes no more connections and ends with its last one.
    pub is_leaving: bool,
    /// What each of them does.
    pub connections: Vec<Doing>,
}

/// One client connection at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// Where it arrived.
    pub local: Address,
    /// What it speaks, if it has said anything yet.
    pub protocol: Option<Protocol>,
    /// What its requests are answered by, or its tunnel goes by.
    pub routes: Vec<RouteKey>,
    /// Whether it ends with its next answer anyway.
    pub is_draining: bool,
}

/// A worker does not say what it does.
#[derive(Debug, thiserror::Error)]
#[error("a worker does not answer")]
pub struct Silent;

/// How to reach the workers.
#[derive(Debug, Default)]
pub(super) struct Surveyed(Mutex<Vec<mpsc::WeakUnboundedSender<Command>>>);

/// All connections of one worker.
#[derive(Debug, Default)]
pub(super) struct Roster {
    next: Cell<u64>,
    members: RefCell<HashMap<u64, Weak<Connection>>>,
}

/// How long a worker may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

// === impl Surveyed ===

impl Surveyed {
    pub(super) fn add(&self, worker: &mpsc::UnboundedSender<Command>) {
        let mut workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|worker| worker.strong_count() > 0);
        workers.push(worker.downgrade());
    }

    pub(super) async fn ask(&self) -> Result<Vec<Roll>, Silent> {
        let asked: Vec<_> = {
            let workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let living = workers.iter().filter_map(mpsc::WeakUnboundedSender::upgrade);
            living
                .filter_map(|worker| {
                    let (reply, answer) = oneshot::channel();
                    worker.send(Command::Report(reply)).ok()?;
                    Some(answer)
                })
                .collect()
        };
        let mut rolls = Vec::new();
        for answer in asked {
            match tokio::time::timeout(PATIENCE, answer).await {
                Ok(Ok(roll)) => rolls.push(roll),
                // It ended meanwhile, with its last connection.
                Ok(Err(_)) => {}
                Err(_) => return Err(Silent),
            }
        }
        rolls.sort_by_key(|roll| roll.worker);
        Ok(rolls)
    }
}

// === impl Roster ===

impl Roster {
    /// A number that no other connection of this worker has had.
    pub(super) fn number(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    pub(super) fn enter(&self, connection: &Rc<Connection>) {
        let member = Rc::downgrade(connection);
        self.members.borrow_mut().insert(connection.number, member);
    }

    pub(super) fn leave(&self, number: u64) {
        self.members.borrow_mut().remove(&number);
    }

    pub(super) fn all(&self) -> Vec<Doing> {
        let members = self.members.borrow();
        // A connection that goes has left before it is gone, so that none ends here.
        let living = members.values().filter_map(Weak::upgrade);
        living.map(|connection| connection.doing()).collect()
    }
}
