//! What the processes of a target hold of the machine.
//!
//! In: a process and all that it started. Out: one note of processes, threads, descriptors and memory. Never: a judgement whether that is much.

use std::fs;
use std::time::{Duration, Instant};

use super::process::Process;
use super::script::Driver;
use crate::vocabulary::{Event, Resources};

/// How long a tree has to hold the same number of everything that is counted to be at rest.
const REST: Duration = Duration::from_millis(300);
/// How long it is waited for at least, if it does not come to rest.
const PATIENCE: Duration = Duration::from_secs(5);

impl Driver<'_> {
    /// Waits until the processes have come to rest, and notes what they hold.
    pub(super) fn sample(&mut self) {
        let released = self
            .target
            .facts()
            .released_within_ms()
            .map(Duration::from_millis);
        let deadline = Instant::now() + released.unwrap_or(PATIENCE).max(PATIENCE);
        let mut last: Option<(u64, u64, u64)> = None;
        loop {
            let Some(held) = self.running.as_ref().map(|running| held_by(&running.process)) else {
                return;
            };
            let counted = (held.processes, held.threads, held.descriptors);
            let is_back = self.noted.is_none_or(|before| held.is_back_to(&before));
            if (last.replace(counted) == Some(counted) && is_back)
                || Instant::now() >= deadline
                || self.over()
            {
                self.noted.get_or_insert(held);
                self.recorder.record(Event::Resources {
                    at: self.recorder.now(),
                    held,
                });
                return;
            }
            // That nobody cancels it is looked at above.
            let _ = self.watch(REST);
        }
    }
}

fn held_by(process: &Process) -> Resources {
    let mut all = Resources {
        processes: 0,
        threads: 0,
        descriptors: 0,
        memory_kib: 0,
        peak_kib: 0,
    };
    for member in process.members() {
        let pid = member.pid;
        // It may have ended meanwhile; then it holds nothing.
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
            continue;
        };
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64);
        all.processes += 1;
        all.threads += field(&status, "Threads");
        all.memory_kib += field(&status, "RssAnon");
        all.peak_kib += field(&status, "VmHWM");
        all.descriptors += descriptors;
    }
    all
}

/// A number of `/proc/PID/status`: see proc(5).
fn field(status: &str, name: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_field_of_a_status_is_read() {
        let status = "Name:\tx\nThreads:\t3\nRssAnon:\t    1204 kB\n";
        assert_eq!((field(status, "Threads"), field(status, "RssAnon")), (3, 1204));
        assert_eq!(field(status, "Absent"), 0);
    }
}
