//! How the thread that reloads shares a core with the workers.
//!
//! A thread that has the core keeps it for milliseconds, and a request that comes meanwhile waits. So the thread gives way between the stages of a reload, once it has been
//! at it for a while. Linux takes whoever gave way for somebody who has had its share (EEVDF): from then on a worker that wakes up goes first. A small change is over before that.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// A request that waits for so long is no slower than many others.
const UNNOTICED: Duration = Duration::from_micros(400);

thread_local! {
    static SINCE: Cell<Instant> = Cell::new(Instant::now());
}

/// Something begins that may take a while.
pub(crate) fn begin() {
    SINCE.set(Instant::now());
}

/// Gives way to others, if that was not done for a while.
pub(crate) fn give_way() {
    if SINCE.get().elapsed() >= UNNOTICED {
        yield_now();
    }
}

/// Gives way to others.
pub(crate) fn yield_now() {
    std::thread::yield_now();
    begin();
}
