//! Who cleans up if the harness itself is killed.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::target::spawn;

/// A process that kills what bears a mark, and its group, and removes its folder, once the harness is gone, however that came about: its
/// pipe then closes.
pub(super) struct Guard(Child);

/// Waits for the group's number and then for the end of the pipe. Whoever left the group, and the target itself if the harness was killed
/// before it could tell the number, is found by the mark; that is looked for a few times, for a child may not have come to its exec yet.
const SCRIPT: &str = r#"
read -r group && read -r _
[ -n "$group" ] && kill -s KILL -- "-$group"
for _ in 1 2 3; do
    for process in /proc/[0-9]*; do
        grep -qzxF -e "$2" "$process/environ" && kill -s KILL "${process#/proc/}"
    done
    sleep 0.1
done
rm -rf -- "$1"
"#;

impl Guard {
    /// Begins to guard a folder and whoever bears a mark.
    pub(super) fn start(folder: &Path, mark: &str) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", SCRIPT, "guard"])
            .arg(folder)
            .arg(mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        spawn(&mut shell).map(Self)
    }

    /// Tells it the group.
    pub(super) fn watch_over(&mut self, group: u32) {
        if let Some(pipe) = &mut self.0.stdin {
            // If the guard is gone, the mark in the environment still tells whose the processes are.
            let _ = writeln!(pipe, "{group}");
        }
    }

    /// Ends it. Nothing is left that it would have to clean up.
    pub(super) fn dismiss(&mut self) {
        // It may have been killed, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.dismiss();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::time::{Duration, Instant};

    use super::*;

    /// A process that sleeps, with a mark of its own, in a group of its own.
    fn marked(mark: &str) -> Child {
        let (name, value) = mark.split_once('=').unwrap();
        let mut sleeper = Command::new("sleep");
        sleeper.arg("60").env(name, value).process_group(0);
        spawn(&mut sleeper).unwrap()
    }

    fn is_killed(mut child: Child) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match child.try_wait().unwrap() {
                Some(status) => return status.signal() == Some(9),
                None if Instant::now() >= deadline => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    return false;
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    #[test]
    fn whenever_the_harness_dies_what_it_started_goes_and_the_folder_too() {
        for told in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let mark = format!("RELOADSPEC_RUN=guard-{}-{told}", std::process::id());
            let mut guard = Guard::start(folder.path(), &mark).unwrap();
            let child = marked(&mark);
            if told {
                guard.watch_over(child.id());
            }
            let other = marked(&mark);
            // As the end of the harness closes it.
            drop(guard.0.stdin.take());
            assert!(is_killed(child), "told {told}");
            assert!(is_killed(other), "a group of its own, told {told}");
            assert!(guard.0.wait().unwrap().success());
            assert!(!folder.path().exists());
        }
    }

    #[test]
    fn a_guard_that_is_dismissed_touches_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut guard = Guard::start(folder.path(), "RELOADSPEC_RUN=nobody").unwrap();
        guard.watch_over(u32::MAX);
        guard.dismiss();
        assert!(folder.path().exists());
    }
}
