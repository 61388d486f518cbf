//! The driver: a case and a target in, a timeline out.
//!
//! It does the steps and writes down what was seen. It decides no verdict, it retries nothing, and it leaves nothing behind:
//! every process that it started is gone when it returns, whichever way it returns.

mod ask;
mod asking;
mod change;
mod client;
mod crash;
mod deliver;
mod descriptors;
mod error;
mod exchange;
mod files;
mod guard;
mod health;
mod held;
mod inspect;
mod life;
mod log;
mod manager;
mod meddle;
#[cfg(test)]
mod odd_answers;
mod overflow;
mod parts;
mod pid_file;
mod place;
mod process;
mod recorder;
mod refused;
mod renew;
mod resources;
mod script;
mod socket;
mod steady;
mod streams;
mod tls;
mod told;
mod traffic;
mod tree;
mod trial;
mod trigger;
mod versions;
mod wait;
mod watches;
mod websocket;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::target::{Place, Target};
use crate::vocabulary::{Case, Timeline};

pub use error::DriveError;

/// Ends a run from outside.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends it. The driver stops waiting, and kills what it started; a request of an admin API that is under way is waited for.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it was ended.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How to run a case.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The seed of the harness's random choices.
    pub seed: u64,
    /// Ends the run from outside.
    pub cancel: Cancel,
}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Run {
    /// All that was seen.
    pub timeline: Timeline,
    /// The configurations as they were delivered: a file name such as `0003-g3.conf`, and the bytes.
    pub configs: Vec<(String, Vec<u8>)>,
    /// Files that were written once, before the start: their path below the run's folder, and the bytes.
    pub fixed: Vec<(String, Vec<u8>)>,
    /// Where and between whom its processes ran, one for each start.
    pub places: Vec<Place>,
    /// The command line that the target was last started with, the binary first.
    pub command: Vec<String>,
}

/// Runs a case on a target.
///
/// # Errors
/// Only if the harness itself failed, or was cancelled; whatever the target does is in the timeline.
pub fn run(case: &Case, target: &Target, options: &Options) -> Result<Run, DriveError> {
    script::Driver::new(case, target, options)?.run()
}
