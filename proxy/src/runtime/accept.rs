//! The accept loop of one worker on one listening socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::connection::{Surroundings, admit};
use super::seats::Arrival;
use super::stream::Peer;
use super::{Listener, Stream};
use crate::model::Address;

/// The first pause after a failure to accept, and the longest. A pause lets connections end that hold the descriptors that are missing.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// How long to wait for room when the limit of connections is reached.
const FULL_PAUSE: Duration = Duration::from_millis(20);

/// A socket to accept on, and where it is bound.
#[derive(Debug)]
pub(super) struct Entrance {
    pub(super) listener: Listener,
    pub(super) bound: Arc<Address>,
}

/// Accepts until told to stop, and gives the socket back, which still listens: [`close`] is next.
pub(super) async fn accept(
    entrance: Entrance,
    surroundings: Surroundings,
    mut stop: watch::Receiver<bool>,
) -> Entrance {
    let mut pause = PAUSES.0;
    let mut full = false;
    loop {
        if !wait_for_room(&surroundings, &mut full, &mut stop).await {
            break;
        }
        let accepted = tokio::select! {
            biased;
            accepted = entrance.listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                if pause > PAUSES.0 {
                    tracing::info!("accepting again");
                    pause = PAUSES.0;
                }
                // Others may have come, or the bound may have been lowered, while this one was waited for.
                let goes_on = wait_for_room(&surroundings, &mut full, &mut stop).await;
                place(&surroundings, &entrance, stream, peer);
                if !goes_on {
                    break;
                }
            }
            // The client went away while it was queued.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if pause == PAUSES.0 {
                    tracing::warn!(%error, "failed to accept a connection; trying again");
                }
                pause = (pause * 2).min(PAUSES.1);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = stop.wait_for(|stop| *stop) => break,
                }
            }
        }
    }
    entrance
}

/// Serves a connection here, or passes it to a worker that has fewer.
fn place(surroundings: &Surroundings, entrance: &Entrance, stream: Stream, peer: Peer) {
    let bound = Arc::clone(&entrance.bound);
    let arrival = Arrival { stream, peer, bound };
    if let Some(arrival) = surroundings.shared.seats.place(&surroundings.census, arrival) {
        admit(surroundings, arrival);
    }
}

/// Waits while there are as many connections as allowed; false if accepting is to stop.
async fn wait_for_room(
    surroundings: &Surroundings,
    full: &mut bool,
    stop: &mut watch::Receiver<bool>,
) -> bool {
    let shared = &surroundings.shared;
    loop {
        let limit = shared.current.load().limits.connections;
        if shared.connections.count() < limit {
            *full = false;
            return true;
        }
        if !*full {
            tracing::warn!(limit, "as many connections as allowed; further ones wait");
            *full = true;
        }
        tokio::select! {
            () = tokio::time::sleep(FULL_PAUSE) => {}
            _ = stop.wait_for(|stop| *stop) => return false,
        }
    }
}

/// Takes what is still queued, so that closing the socket resets nobody, and closes it.
pub(super) async fn close(entrance: Entrance, surroundings: &Surroundings) {
    let nothing = std::future::ready(());
    let mut nothing = std::pin::pin!(nothing);
    loop {
        tokio::select! {
            biased;
            accepted = entrance.listener.accept() => match accepted {
                Ok((stream, peer)) => place(surroundings, &entrance, stream, peer),
                Err(_) => return,
            },
            () = &mut nothing => return,
        }
        nothing.set(std::future::ready(()));
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
