//! Taking the descriptors away that a target has not used yet, while it is given a change.
//!
//! In: the processes that run. Out: when each of them could open nothing more, and when it could again, in the recorder. Never: a limit that
//! stays, however the change goes, nor a descriptor that is in use.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::error::DriveError;
use super::place::user;
use super::process::Process;
use super::script::{Driver, Flow};
use crate::target::spawn;
use crate::vocabulary::Event;

/// How long a target is left alone before, so that it has closed what ended before.
const LET_GO: Duration = Duration::from_millis(100);
/// How often what a process has open is looked at: some of it is open for a moment only, as a file is that is looked at again and again.
const LOOKS: u32 = 10;

/// A process, and how many descriptors it might have had open.
type Limit = (u32, String);

impl Driver<'_> {
    /// Delivers the next generation while nothing more can be opened, and observes for a time; then everything is as before. What connections
    /// of before held open has been let go of by then.
    pub(super) fn change_without_descriptors(&mut self, time: Duration) -> Result<Flow, DriveError> {
        self.settle();
        // That the process ended meanwhile is told by what is done next.
        let _ = self.watch(LET_GO);
        let Some(running) = &self.running else {
            return Ok(Flow::Continue(()));
        };
        let (before, taken) = take_away(&running.process);
        let is_taken = taken.is_ok();
        self.recorder.record(Event::Descriptors {
            at: self.recorder.now(),
            are_there: false,
            failed: taken.err().map(|error| error.to_string()),
        });
        let until = Instant::now() + time;
        let delivered = if is_taken { self.deliver_open(time) } else { Ok(()) };
        if is_taken {
            let _ = self.watch(until.saturating_duration_since(Instant::now()));
        }
        let given_back = give_back(before.as_ref());
        self.recorder.record(Event::Descriptors {
            at: self.recorder.now(),
            are_there: true,
            failed: given_back.err().map(|error| error.to_string()),
        });
        delivered?;
        Ok(Flow::Continue(()))
    }
}

/// Lets the process open nothing more. What to give back is known even if that went wrong.
///
/// What a process starts has its limit, and begins with few descriptors of its own. Who has used all of them up has no such limit, so that
/// one that is lowered would be another matter to what it starts: a target that is of several processes is left alone.
fn take_away(process: &Process) -> (Option<Limit>, io::Result<()>) {
    let members = process.members();
    let pid = match members.as_slice() {
        [one] => one.pid,
        [] => return (None, Err(io::Error::other("it has ended"))),
        several => {
            let several = several.len();
            let why = format!(
                "it is {several} processes, and whatever these start would begin with the lowered limit"
            );
            return (None, Err(io::Error::other(why)));
        }
    };
    let lowest = (0..LOOKS).filter_map(|_| lowest_free(pid)).min();
    let (Some(limit), Some(lowest)) = (soft_limit(pid), lowest) else {
        return (None, Err(io::Error::other("what it has open may not be counted")));
    };
    (Some((pid, limit)), set(pid, &lowest.to_string()))
}

fn give_back(limit: Option<&Limit>) -> io::Result<()> {
    match limit {
        // Who has ended needs nothing.
        Some((pid, limit)) if soft_limit(*pid).is_some() => set(*pid, limit),
        _ => Ok(()),
    }
}

/// `Max open files` of `/proc/PID/limits`, the soft one: see proc(5).
fn soft_limit(pid: u32) -> Option<String> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next().map(str::to_owned)
}

/// The number that the next descriptor of a process would have.
fn lowest_free(pid: u32) -> Option<u64> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let used: HashSet<u64> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    // Of one more number than there are, one is free.
    (0..=used.len() as u64).find(|number| !used.contains(number))
}

/// Sets the soft limit by prlimit(1), as the user of the process: to change that of another user's takes a privilege that not every
/// root has.
fn set(pid: u32, limit: &str) -> io::Result<()> {
    let mut command = Command::new("prlimit");
    command
        .args(["--pid", &pid.to_string(), &format!("--nofile={limit}:")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if let Some(user) = user() {
        command.uid(user.uid).gid(user.gid);
    }
    let output = spawn(&mut command)?.wait_with_output()?;
    if output.status.success() || soft_limit(pid).is_none() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "prlimit: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_was_taken_away_is_given_back() {
        let mut sleeper = Command::new("sleep");
        sleeper.arg("60");
        if let Some(user) = user() {
            sleeper.uid(user.uid).gid(user.gid);
        }
        let mut child = spawn(&mut sleeper).unwrap();
        let pid = child.id();
        let before = soft_limit(pid).unwrap();
        let lowest = lowest_free(pid).unwrap();
        set(pid, &lowest.to_string()).unwrap();
        assert_eq!(soft_limit(pid).unwrap(), lowest.to_string());
        give_back(Some(&(pid, before.clone()))).unwrap();
        assert_eq!(soft_limit(pid).unwrap(), before);
        child.kill().unwrap();
        child.wait().unwrap();
        // Nobody is left whose it could be.
        give_back(Some(&(pid, before))).unwrap();
        assert!(set(1, "1").is_err());
    }
}
