//! Instructions and allocations, by valgrind's callgrind.
//!
//! In: the file that it writes on request. Out: what was done since the counters were set to nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::process::{self, Echo};

/// The functions of libc and of mimalloc that hand out memory, as a program calls them.
const ALLOCATORS: [&str; 12] = [
    "mi_malloc",
    "mi_malloc_aligned",
    "mi_zalloc",
    "mi_zalloc_aligned",
    "mi_realloc_aligned",
    "malloc",
    "calloc",
    "realloc",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "reallocarray",
];

const DEADLINE: Duration = Duration::from_secs(60);

/// What a process did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) instructions: u64,
    pub(super) allocations: u64,
}

/// callgrind over one process.
#[derive(Debug)]
pub(super) struct Callgrind {
    folder: PathBuf,
    parts: u32,
}

// === impl Callgrind ===

impl Callgrind {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            parts: 0,
        }
    }

    /// What comes before the program.
    pub(super) fn command(&self) -> Command {
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", self.file().display()))
            .arg(format!("--vgdb-prefix={}", self.prefix()));
        valgrind
    }

    /// Counts from here on.
    pub(super) fn begin(&self, pid: u32) -> anyhow::Result<()> {
        self.order(pid, "zero")
    }

    /// What was done since `begin`, and the file that says it.
    pub(super) fn end(&mut self, pid: u32) -> anyhow::Result<(Part, PathBuf)> {
        self.order(pid, "dump")?;
        self.parts += 1;
        let mut file = self.file().into_os_string();
        file.push(format!(".{}", self.parts));
        let file = PathBuf::from(file);
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
        Ok((part(&text)?, file))
    }

    fn order(&self, pid: u32, order: &str) -> anyhow::Result<()> {
        let mut vgdb = Command::new("vgdb");
        vgdb.arg(format!("--pid={pid}"))
            .arg(format!("--vgdb-prefix={}", self.prefix()))
            .arg(order);
        let ran = process::captured(&mut vgdb, DEADLINE, Echo::No)?;
        if !ran.success() {
            bail!("failed to have callgrind {order}: {}", ran.last_words(3));
        }
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.folder.join("callgrind")
    }

    fn prefix(&self) -> String {
        self.folder.join("vgdb").display().to_string()
    }
}

/// Reads a part in callgrind's format: `cfn=(ID) NAME` names who is called by the next `calls=COUNT`, and later by its id alone.
fn part(text: &str) -> anyhow::Result<Part> {
    let mut instructions = None;
    let mut allocators = BTreeSet::new();
    let mut allocations = 0;
    let mut allocates = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
            let (id, name) = name.split_once(' ').unwrap_or((name, ""));
            // A name that was met on another level of recursion ends in its number.
            let name = name.split('\'').next().unwrap_or(name);
            if ALLOCATORS.contains(&name) {
                allocators.insert(id);
            }
            allocates = allocators.contains(id);
        } else if let Some(calls) = line.strip_prefix("calls=") {
            let count = calls.split(' ').next().unwrap_or(calls);
            let count: u64 = count
                .parse()
                .with_context(|| format!("calls that are no number: {line}"))?;
            allocations += if allocates { count } else { 0 };
        } else if let Some(sum) = line.strip_prefix("summary: ") {
            instructions = Some(sum.trim().parse().context("a sum that is no number")?);
        }
    }
    let instructions = instructions.context("callgrind wrote no sum")?;
    Ok(Part {
        instructions,
        allocations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_and_calls_of_allocators_are_read() {
        let text = "# callgrind format\nevents: Ir\nsummary: 1234\n\nfn=(1) main\n0 5\ncfn=(7) malloc\ncalls=3 10\n0 90\n\
                    cfn=(8) free\ncalls=9 10\n0 90\ncfn=(7)\ncalls=2 10\n0 60\n\nfn=(7)\n0 2\ncfn=(9) _int_malloc\ncalls=5 1\n0 1\n\
                    fn=(10) grow\ncfn=(11) realloc'2\ncalls=1 1\n0 1\n";
        let expected = Part {
            instructions: 1234,
            allocations: 6,
        };
        assert_eq!(part(text).unwrap(), expected);
        assert!(part("events: Ir\n").is_err());
    }
}
