//! Who belongs to a target: its process group, its descendants, and whoever bears its mark.
//!
//! A process may leave the group (`setsid`), lose its parent (a double fork) or overwrite its environment (to show a title).
//! It would have to do all three to hide.

use std::collections::{HashMap, HashSet};
use std::fs;

/// A living process of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) pid: u32,
    pub(super) command: String,
}

struct Entry {
    parent: u32,
    group: u32,
    lives: bool,
    command: String,
}

/// The living processes of the target whose first process is, or was, `root`.
pub(super) fn members(root: u32, mark: &str) -> Vec<Member> {
    let table = table();
    let mut members: HashSet<u32> = table
        .iter()
        .filter(|(pid, entry)| **pid == root || entry.group == root || bears(**pid, mark))
        .map(|(pid, _)| *pid)
        .collect();
    loop {
        let more: Vec<u32> = table
            .iter()
            .filter(|(pid, entry)| !members.contains(pid) && members.contains(&entry.parent))
            .map(|(pid, _)| *pid)
            .collect();
        if more.is_empty() {
            break;
        }
        members.extend(more);
    }
    let mut members: Vec<Member> = members
        .into_iter()
        .filter_map(|pid| {
            let entry = table.get(&pid).filter(|entry| entry.lives)?;
            Some(Member {
                pid,
                command: entry.command.clone(),
            })
        })
        .collect();
    members.sort_by_key(|member| member.pid);
    members
}

fn table() -> HashMap<u32, Entry> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, entry_of(pid)?)))
        .collect()
}

fn entry_of(pid: u32) -> Option<Entry> {
    // A command need not be text.
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    entry(&String::from_utf8_lossy(&stat))
}

/// The signals that a process catches, bit n for signal n + 1: `SigCgt` of `/proc/PID/status`, see proc(5).
pub(super) fn caught_signals(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
    u64::from_str_radix(caught.trim(), 16).ok()
}

/// Reads `/proc/PID/stat`: see proc(5). The command stands in parentheses and may itself contain some.
fn entry(stat: &str) -> Option<Entry> {
    let (head, tail) = stat.rsplit_once(')')?;
    let command = head.split_once('(')?.1.to_owned();
    let mut fields = tail.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Entry {
        parent,
        group,
        lives: !matches!(state, "Z" | "X"),
        command,
    })
}

fn bears(pid: u32, mark: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == mark.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, Instant};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::*;
    use crate::target::spawn;

    const LONG: Duration = Duration::from_secs(10);

    /// Processes that end with the test, however it ends.
    struct Family {
        root: Child,
        mark: String,
    }

    impl Family {
        /// A shell that runs this, in a group of its own; `SLEEP` there is what its members are known by.
        fn start(script: &str) -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            // No other process sleeps for so long, and no two tests do for as long.
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let seconds = format!("1{:07}{count:03}", std::process::id());
            let mark = format!("RELOADSPEC_RUN=test-{seconds}");
            let mut shell = Command::new("sh");
            shell.args(["-c", &script.replace("SLEEP", &format!("sleep {seconds}"))]);
            let (name, value) = mark.split_once('=').unwrap();
            let root = spawn(shell.env(name, value).process_group(0)).unwrap();
            Self { root, mark }
        }

        fn members(&self) -> Vec<Member> {
            members(self.root.id(), &self.mark)
        }

        /// Waits until so many members sleep.
        fn sleepers(&self, count: usize) -> Vec<Member> {
            let deadline = Instant::now() + LONG;
            loop {
                let mut found = self.members();
                found.retain(|member| member.command == "sleep");
                if found.len() == count || Instant::now() >= deadline {
                    assert_eq!(found.len(), count, "{:?}", self.members());
                    return found;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }

        fn end_root(&mut self) {
            self.root.kill().unwrap();
            self.root.wait().unwrap();
        }
    }

    impl Drop for Family {
        fn drop(&mut self) {
            for member in self.members() {
                // It may have ended meanwhile, which is as well.
                let _ = kill(Pid::from_raw(member.pid.cast_signed()), Signal::SIGKILL);
            }
            let _ = self.root.wait();
        }
    }

    #[test]
    fn a_command_may_contain_anything() {
        let read = entry("7 (a) R (b c)) S 3 5 5 0 -1").unwrap();
        assert_eq!(read.command, "a) R (b c)");
        assert_eq!((read.parent, read.group, read.lives), (3, 5, true));
        assert!(!entry("7 (x) Z 3 5 5 0").unwrap().lives);
        for broken in ["", "7", "7 (x)", "7 (x) S", "7 (x) S one 5", "7 x) S 3 5"] {
            assert!(entry(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn children_and_their_children_are_members() {
        let family = Family::start("SLEEP & sh -c 'SLEEP; :' & wait");
        let sleepers = family.sleepers(2);
        let all = family.members();
        assert_eq!(all.len(), 4, "{all:?}");
        assert!(sleepers.iter().all(|member| all.contains(member)));
        assert_eq!(all.first().map(|member| member.pid), Some(family.root.id()));
    }

    #[test]
    fn who_leaves_the_group_is_a_child_still() {
        let family = Family::start("env -u RELOADSPEC_RUN setsid SLEEP & wait");
        family.sleepers(1);
    }

    #[test]
    fn who_loses_its_parent_is_of_the_group_still() {
        let mut family = Family::start("env -u RELOADSPEC_RUN SLEEP & wait");
        let before = family.sleepers(1);
        family.end_root();
        assert_eq!(family.members(), before);
    }

    #[test]
    fn who_leaves_the_group_and_loses_its_parent_bears_the_mark_still() {
        let mut family = Family::start("setsid SLEEP & wait");
        let before = family.sleepers(1);
        family.end_root();
        assert_eq!(family.members(), before);
        // By the mark alone.
        assert_eq!(members(family.root.id(), "RELOADSPEC_RUN=another"), []);
    }

    #[test]
    fn who_has_ended_is_no_member_even_before_anybody_waits_for_it() {
        let family = Family::start("exit 0");
        let deadline = Instant::now() + LONG;
        while !family.members().is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(family.members(), []);
    }

    #[test]
    fn whoever_catches_a_signal_is_known_to() {
        // A shell that is told to catch SIGUSR2 says so once it does.
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap : USR2; echo ready; read line"]);
        let mut shell = spawn(shell.stdin(Stdio::piped()).stdout(Stdio::piped())).unwrap();
        let mut said = String::new();
        let stdout = shell.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut said).unwrap();
        let caught = caught_signals(shell.id()).unwrap();
        assert_eq!(caught >> (Signal::SIGUSR2 as i32 - 1) & 1, 1, "{caught:x}");
        assert_eq!(caught >> (Signal::SIGUSR1 as i32 - 1) & 1, 0, "{caught:x}");
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert_eq!(caught_signals(u32::MAX), None);
    }
}
