//! The admin listener as something that follows the configuration: staged, committed, or left as it was.
//!
//! In: handles of the sockets that the registry has for it. Make before break: the new address is answered at before the old one stops.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::door::{Answers, Door};
use crate::model::{Address, Secret};
use crate::reload::{Change, Follower, Purpose, Refused};
use crate::runtime::Handle;

/// All admin listeners: the one that is wanted, and those that end.
pub(crate) struct Doors {
    answers: Arc<dyn Answers>,
    /// Open ones, by the number of their socket.
    open: HashMap<u64, Door>,
    staged: Option<Staged>,
    retired: Vec<Door>,
}

struct Staged {
    token: Option<Secret>,
    coming: Vec<(u64, Door)>,
    leaving: Vec<u64>,
    /// Those of them at whose address traffic is served from now on.
    handed_on: Vec<u64>,
    /// Where it is from now on, with the port that the kernel chose.
    address: Option<Address>,
}

/// The admin listener cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("failed to answer at {bound}, for `admin`: {error}")]
struct Unavailable {
    bound: Address,
    error: io::Error,
}

/// The end of a process leaves this much time to those who ask what it does.
const STOP_PATIENCE: Duration = Duration::from_millis(200);
/// How long a door may take to stop accepting.
const PATIENCE: Duration = Duration::from_secs(5);

// === impl Doors ===

impl Doors {
    pub(super) fn new(answers: Arc<dyn Answers>) -> Self {
        Self {
            answers,
            open: HashMap::new(),
            staged: None,
            retired: Vec::new(),
        }
    }

    fn prepare(&self, handle: Handle, token: Option<Secret>) -> Result<(u64, Door), Unavailable> {
        let Handle {
            number,
            bound,
            socket,
        } = handle;
        match Door::stage(socket, token, Arc::clone(&self.answers)) {
            Ok(door) => Ok((number, door)),
            Err(error) => Err(Unavailable { bound, error }),
        }
    }

    /// Has doors close, and waits until they accept no more: their address can be had again then, be it for traffic or by the next change.
    fn retire(&mut self, numbers: &[u64], drain: Duration) {
        let doors: Vec<Door> = numbers
            .iter()
            .filter_map(|number| self.open.remove(number))
            .collect();
        for door in &doors {
            door.close(drain);
        }
        let deadline = Instant::now() + PATIENCE;
        for door in &doors {
            if !door.has_left_by(deadline) {
                tracing::warn!("the admin listener is slow to leave the address that it had");
            }
        }
        self.retired.extend(doors);
    }
}

impl Follower for Doors {
    fn name(&self) -> &'static str {
        "admin"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let new = change.sockets.coming(Purpose::Admin)?;
        let leaving = change.sockets.leaving(Purpose::Admin);
        let admin = change.new.settings.admin.as_ref();
        let token = admin.and_then(|admin| admin.token.clone());
        let moves = !(new.is_empty() && leaving.is_empty());
        let wanted = admin.filter(|_| moves).map(|admin| &admin.address);
        let coming = new.into_iter().map(|handle| self.prepare(handle, token.clone()));
        self.staged = Some(Staged {
            coming: coming.collect::<Result<_, _>>()?,
            leaving,
            handed_on: change.sockets.handed_on(Purpose::Admin),
            address: wanted.and_then(|address| change.sockets.bound(Purpose::Admin).remove(address)),
            token,
        });
        Ok(())
    }

    fn release(&mut self, drain: Duration) {
        let Some(staged) = &self.staged else { return };
        let handed_on = staged.handed_on.clone();
        self.retire(&handed_on, drain);
    }

    fn commit(&mut self, drain: Duration) -> Result<(), Refused> {
        let Some(staged) = self.staged.take() else {
            return Ok(());
        };
        // Those that leave demand until their end what they did: the next address may be one where no token is needed.
        let staying = self
            .open
            .iter()
            .filter(|(number, _)| !staged.leaving.contains(number));
        staying.for_each(|(_, door)| door.demand(staged.token.clone()));
        for (number, door) in staged.coming {
            door.open();
            self.open.insert(number, door);
        }
        // The thread of a door closes its socket last, and has emptied the queue just before.
        self.retire(&staged.leaving, drain);
        if let Some(address) = &staged.address {
            tracing::info!(%address, "admin API open");
        }
        Ok(())
    }

    fn abandon(&mut self) {
        let Some(staged) = self.staged.take() else { return };
        // Joined, so that its address is free again when the registry drops its own handle.
        staged.coming.into_iter().for_each(|(_, door)| door.join());
    }

    fn drain(&mut self) {
        let (ended, running): (Vec<_>, Vec<_>) = std::mem::take(&mut self.retired)
            .into_iter()
            .partition(Door::is_finished);
        self.retired = running;
        ended.into_iter().for_each(Door::join);
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        let open = self.open.drain().map(|(_, door)| door);
        let all: Vec<Door> = open.chain(self.retired.drain(..)).collect();
        for door in &all {
            door.close(STOP_PATIENCE);
        }
        all.into_iter().for_each(Door::join);
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
