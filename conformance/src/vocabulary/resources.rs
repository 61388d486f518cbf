//! What the processes of a target hold of the machine. Plain data, and one comparison that the driver waits by.

use serde::{Deserialize, Serialize};

/// What the processes of a target hold of the machine, all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Processes.
    pub processes: u64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors; 0 where they may not be counted.
    pub descriptors: u64,
    /// Resident memory that no file stands behind, in KiB.
    pub memory_kib: u64,
    /// The sum of the most resident memory that each process has had since it began, in KiB.
    #[serde(default)]
    pub peak_kib: u64,
}

impl Resources {
    /// More descriptors, or more threads and processes, than this are more than a pool or a collector asks for by the way.
    pub const SPARE: u64 = 16;

    /// Whether what can be counted is as before, but for what is spare.
    pub fn is_back_to(&self, before: &Self) -> bool {
        let tasks = |held: &Self| held.threads + held.processes;
        self.descriptors <= before.descriptors + Self::SPARE && tasks(self) <= tasks(before) + Self::SPARE
    }
}
