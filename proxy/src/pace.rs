//! How the thread that reloads shares a core with the workers.
//!
//! A thread that has the core keeps it for milliseconds, and a request that comes meanwhile waits. A small change is over before anybody notices; where one takes longer, the
//! thread gives way again and again: between the stages of a reload, between the files that it reads, and between the parts of a text. What stands between two of these takes as long as it takes.
//!
//! On a core that is never idle a large change takes longer for it: that is meant.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// A change that takes less is not slowed down by the requests that come meanwhile.
const SMALL: Duration = Duration::from_micros(700);
/// Those that come while a larger one is made ready wait for so long, or for one stretch of work.
const LARGE: Duration = Duration::from_micros(150);

thread_local! {
    /// When others were given way to, and how long that will do.
    static TURN: Cell<(Instant, Duration)> = Cell::new((Instant::now(), SMALL));
}

/// A change begins.
pub(crate) fn begin() {
    TURN.set((Instant::now(), SMALL));
}

/// Gives way to others, if that was not done for a while.
pub(crate) fn give_way() {
    let (since, enough) = TURN.get();
    if since.elapsed() >= enough {
        yield_now();
    }
}

/// Gives way to others.
pub(crate) fn yield_now() {
    std::thread::yield_now();
    TURN.set((Instant::now(), LARGE));
}
