//! More events than the kernel keeps for a process that does not get to read them, and a change as the last of them.
//!
//! In: the processes that run, and the folder of their file. Out: when they were held and when they went on, in the recorder. Never: a process
//! that stays held, however the change goes, nor anything of what was made that is left beside the file.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::DriveError;
use super::process::Process;
use super::script::{Driver, Flow};
use super::traffic::Wanted;
use super::watches::watches_of;
use crate::vocabulary::Event;

/// How many events the kernel keeps for whoever begins to watch: see inotify(7).
const QUEUE: &str = "/proc/sys/fs/inotify/max_queued_events";
/// A longer queue takes too long to fill.
const LONGEST: u64 = 1 << 18;
/// How many more there are made than are kept.
const MORE: u64 = 1 << 10;
/// How long all processes may take to be held.
const HOLDING: Duration = Duration::from_secs(2);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(1);
/// What is renamed to and fro, beside the file.
const NAMES: [&str; 2] = [".reloadspec.1", ".reloadspec.2"];

impl Driver<'_> {
    /// Delivers the next generation as the last of more events than are kept, and waits for it from when the target can see any of them.
    pub(super) fn change_in_overflow(&mut self) -> Result<Flow, DriveError> {
        self.settle();
        let Some(running) = &self.running else {
            return Ok(Flow::Continue(()));
        };
        let begin = self.recorder.now();
        let watches = watches_of(&running.process);
        let held = Held::all_of(&running.process);
        let folder = running.laid.place.config.parent().unwrap_or(Path::new("."));
        let flooded = match &held {
            Ok(_) => flood(folder),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        };
        let delivered = if flooded.is_ok() {
            self.deliver(None).map(drop)
        } else {
            Ok(())
        };
        drop(held);
        let at = self.recorder.now();
        let bound = Instant::now() + self.apply_bound();
        let (renamed, failed) = match flooded {
            Ok(renamed) => (renamed, None),
            Err(error) => (0, Some(error.to_string())),
        };
        let is_done = failed.is_none();
        self.recorder.record(Event::Flooded {
            begin,
            at,
            renamed,
            watches,
            failed,
        });
        delivered?;
        if is_done && !self.probe(Wanted::Answer(self.generation), bound) {
            return Ok(self.abandon(&format!("{} did not take effect", self.generation)));
        }
        Ok(Flow::Continue(()))
    }
}

/// Processes that are held until this is dropped.
struct Held(Vec<Pid>);

impl Held {
    /// Holds all processes of a target, also those that one of them starts meanwhile.
    fn all_of(process: &Process) -> io::Result<Self> {
        let mut held = Self(Vec::new());
        let deadline = Instant::now() + HOLDING;
        loop {
            let members = process.members();
            if members.is_empty() {
                return Err(io::Error::other("it has ended"));
            }
            let running: Vec<u32> = members
                .iter()
                .map(|member| member.pid)
                .filter(|pid| !is_held(*pid))
                .collect();
            if running.is_empty() {
                return Ok(held);
            }
            if Instant::now() >= deadline {
                return Err(io::Error::other("its processes cannot all be held"));
            }
            for pid in running.into_iter().map(|pid| Pid::from_raw(pid.cast_signed())) {
                if !held.0.contains(&pid) {
                    kill(pid, Signal::SIGSTOP)?;
                    held.0.push(pid);
                }
            }
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for pid in &self.0 {
            // Who was killed meanwhile needs not go on.
            let _ = kill(*pid, Signal::SIGCONT);
        }
    }
}

/// Whether all threads of a process are held: the state in `/proc/PID/task/TID/stat`, see proc(5). Who has ended is.
fn is_held(pid: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    tasks.flatten().all(|task| {
        let Ok(stat) = fs::read(task.path().join("stat")) else {
            return true;
        };
        let stat = String::from_utf8_lossy(&stat);
        let state = stat.rsplit_once(')').map_or("", |(_, tail)| tail.trim_start());
        state.starts_with(['T', 'Z', 'X'])
    })
}

/// Renames a file in a folder to and fro, more often than events are kept. No two events in a row are alike, for those count as one. Returns how
/// often.
fn flood(folder: &Path) -> io::Result<u64> {
    let kept: u64 = fs::read_to_string(QUEUE)?
        .trim()
        .parse()
        .map_err(|_| io::Error::other("the length of the queue is not known"))?;
    if kept > LONGEST {
        return Err(io::Error::other(format!("{kept} events are kept here")));
    }
    let [one, other] = NAMES.map(|name| folder.join(name));
    File::create(&one)?;
    let often = (kept + MORE).next_multiple_of(2);
    let renamed = (0..often / 2).try_for_each(|_| {
        fs::rename(&one, &other)?;
        fs::rename(&other, &one)
    });
    fs::remove_file(&one)?;
    renamed.map(|()| often)
}

#[cfg(test)]
mod tests {
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

    use super::*;

    #[test]
    fn a_flood_is_more_than_is_kept_whatever_of_it_is_watched() {
        for of_interest in [
            AddWatchFlags::IN_MOVED_TO,
            AddWatchFlags::IN_MOVED_FROM,
            AddWatchFlags::IN_ALL_EVENTS,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let watcher = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
            watcher.add_watch(folder.path(), of_interest).unwrap();
            assert!(flood(folder.path()).unwrap() > MORE);
            fs::write(folder.path().join("late"), "").unwrap();
            fs::rename(folder.path().join("late"), folder.path().join("last")).unwrap();
            let mut told = Vec::new();
            while let Ok(events) = watcher.read_events() {
                told.extend(events);
            }
            assert!(told.last().unwrap().mask.contains(AddWatchFlags::IN_Q_OVERFLOW));
            assert!(
                told.iter()
                    .all(|event| event.name.as_deref() != Some("last".as_ref()))
            );
            let left = fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(left, 1, "nothing of it is left");
        }
    }

    #[test]
    fn who_has_ended_counts_as_held_and_who_runs_does_not() {
        assert!(is_held(u32::MAX));
        assert!(!is_held(std::process::id()));
    }
}
