//! `matrix`: every target in every variant, judged by every case, as one Markdown table.
//!
//! The table is written from the suite's event logs and is not edited. A target whose binary is missing is shown as *not run*.

mod markdown;
mod repro;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::count::Count;
use crate::event_log::{INCONCLUSIVE, SuiteRun};
use crate::process::{self, Echo};
use crate::progress::Progress;
use crate::side_by_side;
use crate::workspace::{Binary, Built, Workspace};

/// What to judge, and where to write.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Only these targets.
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// Which cases: `core` or `extended`, which is all of them.
    #[arg(long, default_value = "extended", value_name = "PROFILE")]
    profile: String,
    /// Run the script of each finding, without the suite; each must show what it says. Those of failures are kept in docs/repro, if the matrix is whole.
    #[arg(long)]
    repro: bool,
    /// Judge these targets alone, and take what came of all others from the last matrix, which was whole.
    #[arg(long, requires = "targets", conflicts_with = "profile")]
    again: bool,
    /// Judge nobody: run the scripts of the last matrix again. Those of failures are kept in docs/repro, if that matrix was whole.
    #[arg(long, conflicts_with_all = ["targets", "profile", "out", "repro", "again"])]
    repro_alone: bool,
    /// Where the table goes: docs/matrix.md, or reports/matrix.md where it is not whole.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How to judge.
struct How<'a> {
    /// By which cases.
    profile: &'a str,
    /// How many targets at a time: one where their times are to be read, more where it is enough that they are judged.
    at_a_time: usize,
    /// Whether what came of targets that are not judged now is what came of them before.
    keeps_others: bool,
    /// Whether by the first variant of each, rather than by all.
    by_first_variant: bool,
}

/// A target, and what came of it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

/// What came of a target.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// One run a variant.
    Judged(Vec<SuiteRun>),
    /// Its binary is not here: one run a variant, of which nothing was executed.
    NotRun(Vec<SuiteRun>),
    /// The suite failed.
    Broken(String),
}

/// Where the table of all targets and cases goes.
const WHOLE_TABLE: &str = "docs/matrix.md";
const FOLDER: &str = "conformance/targets";
const LOGS: &str = "reports/matrix";
/// There, among them, if all targets were judged by all cases. It goes with them.
const WHOLE_MARK: &str = "reports/matrix/whole";
const REFERENCE: &str = "reference";
/// What CI has no time for, and why.
const SLOW: [(&str, &str); 2] = [
    ("trafficserver", "each of its changes takes some six seconds"),
    ("varnish", "a C compiler makes each of its changes"),
];
/// The profile that CI asks of foreign proxies: it shows each of them at work, in bounded time.
const CORE: &str = "core";
/// The profile with all cases.
const WHOLE: &str = "extended";
/// For all variants of one target.
const DEADLINE: Duration = Duration::from_secs(60 * 60);
const REPORT_DEADLINE: Duration = Duration::from_secs(60);
/// The suite's exit code for a missing binary.
const NO_BINARY: i32 = 69;

/// Judges all and writes the table.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    if args.repro_alone {
        if !workspace.path(LOGS).is_dir() {
            bail!("there is no matrix in {LOGS} whose scripts could be run: run `cargo xtask matrix` first");
        }
        let was_whole = workspace.path(WHOLE_MARK).is_file();
        return Ok(reproduce(workspace, &targets(workspace)?, was_whole)?.exit_code());
    }
    if args.again && !workspace.path(WHOLE_MARK).is_file() {
        bail!(
            "there is no whole matrix in {LOGS} that a part could be judged again of: run `cargo xtask matrix` first"
        );
    }
    let is_whole = (args.targets.is_empty() && args.profile == WHOLE) || args.again;
    let usual = if is_whole {
        WHOLE_TABLE
    } else {
        "reports/matrix.md"
    };
    let out = args.out.clone().unwrap_or_else(|| workspace.path(usual));
    let entries = judge_all(
        workspace,
        &args.targets,
        &How {
            profile: &args.profile,
            by_first_variant: false,
            at_a_time: 1,
            keeps_others: args.again,
        },
        &out,
    )?;
    if is_whole {
        std::fs::write(workspace.path(WHOLE_MARK), "")
            .with_context(|| format!("failed to write {WHOLE_MARK}"))?;
    }
    let complaints = complaints(&entries);
    for complaint in &complaints {
        println!("FAILED {complaint}");
    }
    println!("matrix: {}", out.display());
    let mut count = Count {
        passed: 0,
        failed: complaints.len(),
    };
    if args.repro {
        let names: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        count = count + reproduce(workspace, &names, is_whole)?;
    }
    Ok(count.exit_code())
}

/// Runs the script of each finding. One that does not show it counts as failed.
fn reproduce(workspace: &Workspace, targets: &[String], is_whole: bool) -> anyhow::Result<Count> {
    let evidence: Vec<_> = targets
        .iter()
        .map(|name| workspace.path(LOGS).join(name))
        .collect();
    let tried = repro::try_all(workspace, &evidence)?;
    let mut count = Count::default();
    for one in &tried {
        let word = if one.shown { "shown" } else { "NOT SHOWN" };
        println!("{word:10} {}: {}", one.path.display(), one.said);
        count = count + Count::one(one.shown);
    }
    println!("scripts: {count}");
    if is_whole {
        let kept = repro::keep(workspace, &tried)?;
        println!("kept: {} scripts of failures", kept.len());
    }
    Ok(count)
}

/// The same as a step of CI, by the first variant of each: each target counts once, those that are not here do not.
pub(crate) fn step(workspace: &Workspace) -> anyhow::Result<Count> {
    let out = workspace.path("reports/matrix.md");
    let mut wanted = targets(workspace)?;
    // The reference has a step of its own, by every case.
    wanted.retain(|name| name != REFERENCE && SLOW.iter().all(|(slow, _)| slow != name));
    let entries = judge_all(
        workspace,
        &wanted,
        &How {
            profile: CORE,
            by_first_variant: true,
            at_a_time: side_by_side::jobs(2),
            keeps_others: false,
        },
        &out,
    )?;
    let complaints = complaints(&entries);
    for complaint in &complaints {
        println!("FAILED {complaint}");
    }
    for entry in &entries {
        println!("{:10} {}", entry.name, entry.summary());
    }
    for (name, why) in SLOW {
        println!("{name:10} not run: {why}; `cargo xtask matrix` judges it");
    }
    println!("the table: {}", out.display());
    let judged = entries
        .iter()
        .filter(|entry| !matches!(entry.outcome, Outcome::NotRun(_)));
    Ok(judged.map(|entry| Count::one(entry.complaint().is_none())).sum())
}

/// Judges each target and writes what came of it.
fn judge_all(
    workspace: &Workspace,
    wanted: &[String],
    how: &How<'_>,
    out: &Path,
) -> anyhow::Result<Vec<Entry>> {
    let known = targets(workspace)?;
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        bail!("there is no target {unknown}; there are {}", known.join(", "));
    }
    let built = workspace.build()?;
    let logs = workspace.path(LOGS);
    let is_wanted = |name: &&String| wanted.is_empty() || wanted.contains(name);
    if how.keeps_others {
        for name in known.iter().filter(is_wanted) {
            let _removed = std::fs::remove_dir_all(logs.join(name));
        }
    } else {
        let _removed = std::fs::remove_dir_all(&logs);
    }
    std::fs::create_dir_all(&logs).with_context(|| format!("failed to create {}", logs.display()))?;
    let names: Vec<_> = known.iter().filter(is_wanted).collect();
    let mut progress = Progress::new(names.len());
    let judged = side_by_side::map(
        &names,
        how.at_a_time,
        |name| judge(workspace, &built, name, how),
        |name| progress.begin(name),
    );
    drop(progress);
    let mut entries = Vec::new();
    for (name, outcome) in names.into_iter().zip(judged) {
        entries.push(Entry {
            name: name.clone(),
            outcome: outcome?,
        });
    }
    if how.keeps_others {
        for name in known.iter().filter(|name| !is_wanted(name)) {
            let runs = SuiteRun::read(&log_of(workspace, name))?;
            let is_here = runs
                .iter()
                .any(|run| i32::from(run.footer.exit_code) != NO_BINARY);
            let outcome = if is_here {
                Outcome::Judged(runs)
            } else {
                Outcome::NotRun(runs)
            };
            entries.push(Entry {
                name: name.clone(),
                outcome,
            });
        }
        // In the order of a whole matrix.
        entries.sort_by_key(|entry| known.iter().position(|name| *name == entry.name));
    }
    let table = table(workspace, &built, &entries)?;
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    }
    std::fs::write(out, markdown::render(&entries, &table))
        .with_context(|| format!("failed to write {}", out.display()))?;
    Ok(entries)
}

/// The suite's own table of its event logs.
fn table(workspace: &Workspace, built: &Built, entries: &[Entry]) -> anyhow::Result<String> {
    let mut report = workspace.suite(built)?;
    report.args(["report", "--format", "markdown"]);
    let whole = entries.iter().filter(|entry| !entry.runs().is_empty());
    report.args(whole.map(|entry| log_of(workspace, &entry.name)));
    let ran = process::captured(&mut report, REPORT_DEADLINE, Echo::No)?;
    if ran.stdout.is_empty() {
        bail!("the suite writes no table: {}", ran.last_words(3));
    }
    Ok(ran.stdout)
}

fn log_of(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.path(LOGS).join(format!("{name}.ndjson"))
}

/// All target folders, the reference first.
fn targets(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let folder = workspace.path(FOLDER);
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))?;
    let mut names: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("target.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_by_key(|name| (name != REFERENCE, name.clone()));
    Ok(names)
}

/// The first variant of a target, as the suite calls it; the target itself if it has none.
fn first_variant(workspace: &Workspace, name: &str) -> anyhow::Result<String> {
    let path = workspace.path(FOLDER).join(name).join("target.toml");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let variant = text.lines().find_map(|line| line.strip_prefix("[variant."));
    let variant = variant.and_then(|rest| rest.split([']', '.']).next());
    Ok(variant.map_or_else(|| name.to_owned(), |variant| format!("{name}:{variant}")))
}

fn judge(workspace: &Workspace, built: &Built, name: &str, how: &How<'_>) -> anyhow::Result<Outcome> {
    let log = log_of(workspace, name);
    let way = if how.by_first_variant {
        first_variant(workspace, name)?
    } else {
        name.to_owned()
    };
    let mut run = workspace.suite(built)?;
    run.args(["run", &way, "--profile", how.profile, "--format", "json"]);
    run.arg("--out").arg(&log);
    run.arg("--evidence").arg(workspace.path(LOGS).join(name));
    if name == REFERENCE {
        run.arg("--strict")
            .arg("--binary")
            .arg(built.path(Binary::PROXY)?);
    }
    let ran = process::captured(&mut run, DEADLINE, Echo::No)?;
    Ok(match ran.code() {
        Some(code @ (0..=3 | NO_BINARY)) => match SuiteRun::read(&log) {
            Ok(runs) if code == NO_BINARY => Outcome::NotRun(runs),
            Ok(runs) => Outcome::Judged(runs),
            Err(error) => Outcome::Broken(format!("{error:#}")),
        },
        Some(code) => Outcome::Broken(format!("the suite ended with {code}: {}", ran.last_words(3))),
        None => Outcome::Broken(format!("the suite did not end: {}", ran.last_words(3))),
    })
}

fn complaints(entries: &[Entry]) -> Vec<String> {
    entries.iter().filter_map(Entry::complaint).collect()
}

// === impl Entry ===

impl Entry {
    /// What the suite reported, one run a variant.
    fn runs(&self) -> &[SuiteRun] {
        match &self.outcome {
            Outcome::Judged(runs) | Outcome::NotRun(runs) => runs,
            Outcome::Broken(_) => &[],
        }
    }

    /// What is wrong with the suite or its expectations. What is wrong with the target is in the table.
    fn complaint(&self) -> Option<String> {
        match &self.outcome {
            Outcome::NotRun(_) => None,
            Outcome::Broken(why) => Some(format!("{}: {why}", self.name)),
            Outcome::Judged(runs) => {
                let stale: Vec<_> = runs
                    .iter()
                    .flat_map(|run| run.footer.stale.iter())
                    .map(String::as_str)
                    .collect();
                (!stale.is_empty()).then(|| format!("{}: stale: {}", self.name, stale.join("; ")))
            }
        }
    }

    fn summary(&self) -> String {
        match &self.outcome {
            Outcome::NotRun(_) => "not run: it is not installed".to_owned(),
            Outcome::Broken(_) => "the suite failed".to_owned(),
            Outcome::Judged(runs) => {
                let words = runs.iter().map(|run| {
                    let word = match run.footer.exit_code {
                        _ if run.footer.conformant => "conformant",
                        INCONCLUSIVE => "inconclusive",
                        _ => "not conformant",
                    };
                    format!("{}: {word}", run.header.target.title())
                });
                words.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

#[cfg(test)]
mod tests;
