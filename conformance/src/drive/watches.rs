//! inotify watches: withheld from a process, and counted.
//!
//! In: a command, or the processes that run. Out: a child that is given no watch, for inotify_add_watch(2) fails as it does when all that a user may
//! have are taken; or how many there are. Never: a limit on anybody else: what others of the same user may watch stays as it is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::process::{Child, Command, Stdio};
use std::thread;

use nix::errno::Errno;
use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use super::error::DriveError;
use super::process::Process;
use super::script::{Driver, Flow};
use super::trial::Manner;
use crate::target::spawn;
use crate::vocabulary::Event;

impl Driver<'_> {
    /// Starts a process that is given no watch, if that can be done here.
    pub(super) fn start_without_watches(&mut self) -> Result<Flow, DriveError> {
        if let Err(error) = probe() {
            self.note_withheld(Some(error.to_string()));
            return Ok(self.abandon("watches cannot be withheld from it"));
        }
        self.start_as(Manner::WithoutWatches)
    }

    /// Notes that the process which was just started is given none, or why that cannot be done.
    pub(super) fn note_withheld(&self, failed: Option<String>) {
        let at = self.recorder.now();
        self.recorder.record(Event::WatchesWithheld { at, failed });
    }

    /// Counts them.
    pub(super) fn count_watches(&self) {
        let count = self
            .running
            .as_ref()
            .and_then(|running| watches_of(&running.process));
        let at = self.recorder.now();
        self.recorder.record(Event::Watches { at, count });
    }
}

/// As [`spawn`], but the child is given no inotify watch, nor is anything that it starts: each try to add one fails with ENOSPC.
pub(super) fn spawn_without_watches(command: &mut Command) -> io::Result<Child> {
    let filter = without_watches().map_err(io::Error::other)?;
    // A filter stays with the thread that it was applied to and with what that starts, so that this thread is one of its own.
    thread::scope(|scope| {
        let spawned = scope.spawn(|| {
            apply_filter(&filter).map_err(io::Error::other)?;
            spawn(command)
        });
        spawned
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that was to start it panicked")))
    })
}

fn without_watches() -> Result<BpfProgram, seccompiler::BackendError> {
    let refused = BTreeMap::from([(libc::SYS_inotify_add_watch, Vec::new())]);
    SeccompFilter::new(
        refused,
        SeccompAction::Allow,
        SeccompAction::Errno(Errno::ENOSPC as u32),
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()
}

/// Whether that can be done here.
fn probe() -> io::Result<()> {
    let mut command = Command::new("true");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = spawn_without_watches(&mut command)?.wait()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("true(1) ended with {status}")))
}

/// How many inotify watches the processes have, if that may be seen: see `/proc/PID/fdinfo` in proc(5).
pub(super) fn watches_of(process: &Process) -> Option<u64> {
    process.members().iter().map(|member| watches(member.pid)).sum()
}

fn watches(pid: u32) -> Option<u64> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fdinfo")).ok()?;
    let mut count = 0;
    for descriptor in descriptors.flatten() {
        // It may have been closed meanwhile.
        let info = fs::read_to_string(descriptor.path()).unwrap_or_default();
        let lines = info.lines().filter(|line| line.starts_with("inotify wd:"));
        count += lines.count() as u64;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

    use super::*;

    /// Set for the copy of this test that is to be given no watch.
    const INSIDE: &str = "RELOADSPEC_TEST_WITHOUT_WATCHES";

    #[test]
    fn no_watch_is_given_to_who_is_to_have_none_and_everybody_else_has_theirs() {
        let watcher = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).unwrap();
        let added = watcher.add_watch("/", AddWatchFlags::IN_CREATE);
        let count = watches(std::process::id()).unwrap();
        if std::env::var_os(INSIDE).is_some() {
            assert_eq!((added, count), (Err(Errno::ENOSPC), 0));
            return;
        }
        let name =
            "drive::watches::tests::no_watch_is_given_to_who_is_to_have_none_and_everybody_else_has_theirs";
        let mut again = Command::new(std::env::current_exe().unwrap());
        again
            .args(["--exact", name])
            .env(INSIDE, "1")
            .stdout(Stdio::null());
        let status = spawn_without_watches(&mut again).unwrap().wait().unwrap();
        assert!(status.success());
        assert!(added.is_ok() && count >= 1);
        assert!(watcher.add_watch("/tmp", AddWatchFlags::IN_CREATE).is_ok());
    }
}
