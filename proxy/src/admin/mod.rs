//! The admin API: what serves, what was tried, what a change would do; and orders to reload and to roll back.
//!
//! In: HTTP requests on a listener of its own, and the configuration that says where it is. Out: JSON; orders to the supervisor.
//! It answers on a thread of its own, so that nothing that is asked here takes time from a worker.
//!
//! Architecture invariant: this module reads. What it wants changed it asks the supervisor for.

mod access;
mod answers;
mod certificates;
mod desk;
mod door;
mod doors;
mod request;
mod upstreams;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use doors::Doors;

use crate::metrics::Metrics;
use crate::reload::Board;
use crate::runtime::Shared;
use desk::{Desk, Orders};

/// The admin API of a proxy whose configuration is the file at `path`. It is open once a configuration says where.
pub(crate) fn doors(
    path: PathBuf,
    board: Arc<Board>,
    metrics: Arc<Metrics>,
    shared: Arc<Shared>,
    orders: Orders,
) -> Doors {
    Doors::new(Arc::new(Desk {
        board,
        metrics,
        shared,
        path,
        orders,
    }))
}
