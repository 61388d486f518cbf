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

/// Reads `/proc/PID/stat`: see proc(5). The command stands in parentheses and may itself contain some.
fn entry_of(pid: u32) -> Option<Entry> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
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
