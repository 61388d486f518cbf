//! `counts`: what a request and a reload take in instructions, allocations and syscalls, against a baseline.
//!
//! In: the reference proxy as it is built for users, under callgrind and under strace, and requests in lockstep. Out: a table, and a
//! failure if a figure is more than 5 % above that of the baseline. Never: a clock. docs/performance/README.md has the method.

mod baseline;
mod callgrind;
mod proxy;
mod rig;
mod rows;
mod strace;
mod traffic;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::count::Count;
use crate::debian;
use crate::process::{self, Echo};
use crate::progress::Progress;
use crate::workspace::{Binary, Workspace};
use baseline::{Counted, Counts, Moved};
use callgrind::{Callgrind, Part};
use rig::Rig;
use rows::{Act, ROWS, Row};
use strace::{Kinds, Strace};

/// What to count, and what to compare it with.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Only these rows.
    #[arg(long = "row", value_name = "NAME")]
    rows: Vec<String>,
    /// Write what was counted into the baseline, instead of comparing.
    #[arg(long, conflicts_with = "rows")]
    bless: bool,
    /// The baseline, instead of docs/performance/counts.json.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// The proxy to count in, instead of the one that is built.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Keep what callgrind wrote, a file for each row, for callgrind_annotate.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

const BASELINE: &str = "docs/performance/counts.json";

/// The tools, and the Debian packages that they come in.
const TOOLS: [debian::Program; 2] = [("valgrind", &["valgrind"]), ("strace", &["strace"])];

const VERSION_DEADLINE: Duration = Duration::from_secs(20);

/// Counts, and compares or blesses.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    let missing = debian::missing(&TOOLS);
    if !missing.is_empty() {
        println!(
            "not run: {} not installed; as root: {}",
            missing.join(" and "),
            debian::line_for(&missing)
        );
        return Ok(ExitCode::FAILURE);
    }
    if let Some(unknown) = args
        .rows
        .iter()
        .find(|name| ROWS.iter().all(|row| row.name != **name))
    {
        let known = ROWS.map(|row| row.name).join(", ");
        bail!("there is no row {unknown}: the rows are {known}");
    }
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => workspace.build()?.path(Binary::PROXY)?.to_owned(),
    };
    let counts = count(&binary, args)?;
    let path = args.baseline.clone().unwrap_or_else(|| workspace.path(BASELINE));
    if args.bless {
        counts.write(&path)?;
        println!("written: {}", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    Ok(compare(&counts, &Counts::read(&path)?).exit_code())
}

/// The step of CI: all rows of the release build, with the tools installed if they can be. Words if not.
pub(crate) fn step(workspace: &Workspace) -> anyhow::Result<Result<Count, String>> {
    if let Err(error) = debian::install(&TOOLS) {
        return Ok(Err(format!("{error:#}")));
    }
    let binary = workspace.build()?.path(Binary::PROXY)?.to_owned();
    let args = Args {
        rows: Vec::new(),
        bless: false,
        baseline: None,
        binary: None,
        keep: None,
    };
    let counts = count(&binary, &args)?;
    Ok(Ok(compare(&counts, &Counts::read(&workspace.path(BASELINE))?)))
}

fn compare(counts: &Counts, baseline: &Counts) -> Count {
    println!(
        "{:12} {:12} {:>12} {:>12} {:>9}",
        "one", "takes", "baseline", "now", "change"
    );
    let figures = counts.against(baseline);
    for figure in &figures {
        println!("{}", figure.line());
    }
    let any = |moved| figures.iter().any(|figure| figure.moved() == moved);
    if any(Moved::Up) || any(Moved::Down) {
        for other in counts.made_with_other(baseline) {
            println!(
                "the baseline was made with another {other}: count in the commit before, too, to tell the two causes apart"
            );
        }
    }
    if any(Moved::Up) {
        println!(
            "more than 5 % above the baseline: if it is worth that, `cargo xtask counts --bless` and say why"
        );
    } else if any(Moved::Down) || any(Moved::New) {
        println!("the baseline is stale: `cargo xtask counts --bless`");
    }
    figures
        .iter()
        .map(|figure| Count::one(figure.moved() != Moved::Up))
        .sum()
}

fn count(binary: &Path, args: &Args) -> anyhow::Result<Counts> {
    let is_wanted = |row: &&Row| args.rows.is_empty() || args.rows.iter().any(|name| name == row.name);
    let rows: Vec<_> = ROWS.iter().filter(is_wanted).collect();
    let mut progress = Progress::new(2 * rows.len());
    let mut counted = BTreeMap::new();
    for rows in rows.chunk_by(|a, b| a.is_beside(b)) {
        let parts = under_callgrind(binary, rows, args.keep.as_deref(), &mut progress)?;
        let kinds = under_strace(binary, rows, &mut progress)?;
        for ((row, part), kinds) in rows.iter().zip(parts).zip(kinds) {
            counted.insert(row.name.to_owned(), one_of(row, part, kinds));
        }
    }
    Ok(Counts {
        made_with: made_with()?,
        rows: counted,
    })
}

fn under_callgrind(
    binary: &Path,
    rows: &[&Row],
    keep: Option<&Path>,
    progress: &mut Progress,
) -> anyhow::Result<Vec<Part>> {
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let mut callgrind = Callgrind::new(folder.path());
    let mut rig = Rig::begin(callgrind.command(), binary, folder.path(), rows[0])?;
    let pid = rig.pid();
    let mut parts = Vec::new();
    for row in rows {
        progress.begin(&format!("{}: instructions and allocations", row.name));
        rig.play(
            row,
            |number| if number == 0 { callgrind.begin(pid) } else { Ok(()) },
        )?;
        let (part, file) = callgrind.end(pid)?;
        if row.act == Act::Reload && part.allocations == 0 {
            bail!("callgrind sees no allocation in a reload: has the proxy an allocator of its own?");
        }
        parts.push(part);
        if let Some(keep) = keep {
            fs::create_dir_all(keep).with_context(|| format!("failed to create {}", keep.display()))?;
            let kept = keep.join(format!("{}.callgrind", row.name));
            fs::copy(file, &kept).with_context(|| format!("failed to write {}", kept.display()))?;
        }
    }
    Ok(parts)
}

fn under_strace(
    binary: &Path,
    rows: &[&Row],
    progress: &mut Progress,
) -> anyhow::Result<Vec<BTreeMap<String, f64>>> {
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let mut strace = Strace::new(folder.path());
    let mut rig = Rig::begin(strace.command(), binary, folder.path(), rows[0])?;
    let mut all = Vec::new();
    for row in rows {
        progress.begin(&format!("{}: syscalls", row.name));
        rig.play(row, |_| strace.mark())?;
        all.push(typical(row, strace.end()?));
    }
    Ok(all)
}

/// What one of them calls: the mean of the quiet ones. Timers ring, and files are looked at, between the others, the more of them the
/// slower the machine is.
fn typical(row: &Row, mut each: Vec<Kinds>) -> BTreeMap<String, f64> {
    each.sort_by_key(|kinds| kinds.values().sum::<u64>());
    each.truncate(row.quiet(each.len()));
    let times = each.len() as f64;
    let mut sums = Kinds::new();
    for (name, count) in each.into_iter().flatten() {
        *sums.entry(name).or_default() += count;
    }
    let mean = |(name, sum)| (name, hundredths(sum as f64 / times));
    sums.into_iter().map(mean).collect()
}

/// What one of them takes.
fn one_of(row: &Row, part: Part, by_name: BTreeMap<String, f64>) -> Counted {
    let times = f64::from(row.times());
    Counted {
        what: row.what.to_owned(),
        instructions: (part.instructions as f64 / times).round(),
        allocations: hundredths(part.allocations as f64 / times),
        syscalls: hundredths(by_name.values().sum()),
        by_name,
    }
}

fn hundredths(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// What else than the code decides how many instructions there are.
fn made_with() -> anyhow::Result<BTreeMap<String, String>> {
    let asked = [
        ("rustc", "rustc", "--version"),
        ("valgrind", "valgrind", "--version"),
        ("libc", "getconf", "GNU_LIBC_VERSION"),
        ("machine", "uname", "-m"),
    ];
    let answers = asked.map(|(name, program, argument)| {
        let ran = process::captured(Command::new(program).arg(argument), VERSION_DEADLINE, Echo::No)?;
        Ok((name.to_owned(), ran.stdout.trim().to_owned()))
    });
    answers.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(reads: u64) -> Kinds {
        [("epoll_wait".to_owned(), 1), ("read".to_owned(), reads)].into()
    }

    fn row(name: &str) -> &'static Row {
        ROWS.iter().find(|row| row.name == name).unwrap()
    }

    #[test]
    fn a_look_at_files_beside_a_reload_is_no_part_of_it() {
        let row = row("reload-1000");
        let mut each = vec![kinds(40); row.times() as usize];
        let quiet = row.quiet(each.len());
        each[..quiet].fill(kinds(13));
        let typical = typical(row, each);
        assert_eq!(typical["read"].to_bits(), 13.0_f64.to_bits());
    }

    #[test]
    fn what_many_requests_do_counts_for_all_and_a_timer_does_not() {
        let each = [1, 2, 1, 2, 1, 2, 1, 2, 1, 40].map(kinds).to_vec();
        let typical = typical(row("get"), each);
        assert_eq!(typical["read"].to_bits(), 1.44_f64.to_bits());
    }

    #[test]
    fn figures_are_those_of_one() {
        let row = row("get");
        let part = Part {
            instructions: 1000 * u64::from(row.times()),
            allocations: 3 * u64::from(row.times()) / 2,
        };
        let one = one_of(
            row,
            part,
            [("read".to_owned(), 1.5), ("writev".to_owned(), 2.0)].into(),
        );
        assert_eq!(
            [one.instructions, one.allocations, one.syscalls].map(f64::to_bits),
            [1000.0, 1.5, 3.5].map(f64::to_bits)
        );
    }

    #[test]
    fn rows_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }
}
