//! Syscalls, by strace.
//!
//! In: the log that it writes line by line. Out: how many of each kind came between places in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// How often each syscall was called.
pub(super) type Kinds = BTreeMap<String, u64>;

/// Called the more often the longer something takes: that is the clock, which this does not depend on.
const BY_THE_CLOCK: &str = "sched_yield";
/// How the thread begins that hears of events of files. Whether it hears of two at once or of one after the other is up to who is faster.
const WATCH: &str = "<notify";

/// strace over one process and its threads.
#[derive(Debug)]
pub(super) struct Strace {
    log: PathBuf,
    /// Where in the log each of them begins.
    marks: Vec<usize>,
}

// === impl Strace ===

impl Strace {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            log: folder.join("strace"),
            marks: Vec::new(),
        }
    }

    /// What comes before the program.
    pub(super) fn command(&self) -> Command {
        let mut strace = Command::new("strace");
        let names = "--decode-pids=comm";
        strace.args(["-f", names, "-qq", "-s", "0", "-o"]).arg(&self.log);
        strace
    }

    /// The first, or the next, of them begins here.
    pub(super) fn mark(&mut self) -> anyhow::Result<()> {
        let log = fs::metadata(&self.log).with_context(|| format!("failed to see {}", self.log.display()))?;
        self.marks.push(usize::try_from(log.len())?);
        Ok(())
    }

    /// What was called by each of those that were marked, by name.
    pub(super) fn end(&mut self) -> anyhow::Result<Vec<Kinds>> {
        let log = self.read()?;
        let marks: Vec<_> = self.marks.drain(..).chain([log.len()]).collect();
        let parts = marks
            .windows(2)
            .map(|pair| log.get(pair[0]..pair[1]).unwrap_or_default());
        Ok(parts.map(kinds).collect())
    }

    fn read(&self) -> anyhow::Result<String> {
        fs::read_to_string(&self.log).with_context(|| format!("failed to read {}", self.log.display()))
    }
}

/// Counts calls where they begin: `PID<THREAD> name(…`. Not where one goes on (`PID<THREAD> <... name resumed>`), nor signals and ends.
fn kinds(log: &str) -> Kinds {
    let mut kinds = BTreeMap::new();
    let names = log.lines().filter_map(|line| {
        let (thread, call) = line.split_once("> ")?;
        if thread.contains(WATCH) {
            return None;
        }
        let (name, _) = call.trim_start().split_once('(')?;
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (is_name && name != BY_THE_CLOCK).then_some(name)
    });
    for name in names {
        *kinds.entry(name.to_owned()).or_default() += 1;
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_where_they_begin() {
        let log = "12<worker-1> epoll_wait(3, <unfinished ...>\n13<supervisor>    futex(0x7f, FUTEX_WAKE_PRIVATE, 1) = 1\n12<worker-1> <... epoll_wait resumed>[], 1024, 0) = 0\n\
                   13<supervisor> sched_yield() = 0\n12<worker-1> writev(9, [{iov_base=\"\"..., iov_len=1}], 1) = 1\n13<supervisor> futex(0x7f, FUTEX_WAIT_PRIVATE, 1, NULL) = 0\n\
                   12<worker-1> --- SIGCHLD {si_signo=SIGCHLD} ---\n14<x> +++ exited with 0 +++\n15<notify-rs inoti> read(7) = 32\n";
        let expected = [("epoll_wait", 1), ("futex", 2), ("writev", 1)];
        let expected = expected.map(|(name, count)| (name.to_owned(), count));
        assert_eq!(kinds(log), BTreeMap::from(expected));
    }
}
