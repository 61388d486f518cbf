//! Who serves a connection: the worker that has the fewest.
//!
//! Every worker accepts, because whoever is awake does it soonest. But the one that is awake takes all that come at once, and then serves
//! them alone; so it passes a connection on when another worker has fewer. Measured in `docs/decisions/0011-workers.md`.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::Stream;
use super::state::Census;
use super::stream::{Passing, Peer};
use crate::model::Address;

/// An accepted connection.
#[derive(Debug)]
pub(super) struct Arrival<S> {
    pub(super) stream: S,
    pub(super) peer: Peer,
    /// Where the socket is bound that it was accepted on.
    pub(super) bound: Arc<Address>,
}

/// One on its way to another worker. It counts there already.
pub(super) type Passed = Arrival<Passing>;

/// The workers that accept.
#[derive(Debug, Default)]
pub(super) struct Seats(Mutex<Vec<Seat>>);

/// Where a worker can be reached, and how much it has to do.
#[derive(Debug, Clone)]
struct Seat {
    census: Arc<Census>,
    inbox: mpsc::UnboundedSender<Passed>,
}

// === impl Seats ===

impl Seats {
    /// A worker begins to take connections.
    pub(super) fn take(&self, census: &Arc<Census>) -> mpsc::UnboundedReceiver<Passed> {
        let (inbox, passed) = mpsc::unbounded_channel();
        self.with(|seats| {
            seats.push(Seat {
                census: Arc::clone(census),
                inbox,
            });
        });
        passed
    }

    /// A worker takes no more. What was passed to it before is in its inbox.
    pub(super) fn leave(&self, census: &Arc<Census>) {
        self.with(|seats| seats.retain(|seat| !Arc::ptr_eq(&seat.census, census)));
    }

    /// Passes a connection to the worker with the fewest, or gives it back if that is the one with `own` connections.
    pub(super) fn place(&self, own: &Arc<Census>, arrival: Arrival<Stream>) -> Option<Arrival<Stream>> {
        self.with(|seats| {
            let least = seats.iter().min_by_key(|seat| seat.census.load());
            let Some(seat) = least.filter(|seat| seat.census.load() < own.load()) else {
                return Some(arrival);
            };
            let Arrival { stream, peer, bound } = arrival;
            match stream.into_passing() {
                Ok(stream) => {
                    seat.census.expect_one();
                    // A worker leaves its seat before it closes its inbox.
                    let _ = seat.inbox.send(Arrival { stream, peer, bound });
                }
                Err(error) => {
                    tracing::debug!(%error, client = %peer, "connection lost on its way to another worker");
                }
            }
            None
        })
    }

    /// Invariant: nothing is awaited while the seats are locked, and nothing under the lock takes longer than a look at each seat.
    fn with<T>(&self, act: impl FnOnce(&mut Vec<Seat>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
