//! `kill-matrix`: the proof that the suite catches what it says it catches, and accuses nobody wrongly.
//!
//! Every fault is judged by the cases that name it, and must be caught by the very check that they name. A correct proxy must pass
//! everything. Proxies that are no proxies must neither hang the suite nor earn anything.

mod catalogue;
mod outcome;
mod pretenders;
mod suite;
mod table;

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::count::Count;
use crate::event_log::Verdict;
use crate::progress::Progress;
use crate::side_by_side;
use crate::workspace::Workspace;
use catalogue::{Case, Named};
use outcome::Outcome;
use pretenders::PRETENDERS;
use suite::{FOLDER, Suite};
use table::{Row, Table};

/// What to prove.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Judge every fault by every case, and print the whole grid.
    #[arg(long)]
    full: bool,
    /// Only these faults; the correct proxy and the pretenders are left out.
    #[arg(long = "fault", value_name = "NAME")]
    faults: Vec<String>,
    /// How often each fault is judged. It must be caught every time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    runs: u32,
    /// How many faults are judged at a time; by default three a core, as a fault keeps a core busy for a quarter of the time.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

impl Args {
    /// As CI runs it.
    pub(crate) fn for_ci() -> Self {
        Self {
            full: false,
            faults: Vec::new(),
            runs: 1,
            jobs: None,
        }
    }
}

/// The correct proxy.
const CORRECT: &str = "none";

/// Proves it and prints the proof.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    let count = prove(workspace, args)?;
    println!("\nkill matrix: {count}");
    Ok(count.exit_code())
}

/// The same, counted: each fault by each case that names it, the correct proxy by each case, each pretender.
pub(crate) fn prove(workspace: &Workspace, args: &Args) -> anyhow::Result<Count> {
    let suite = Suite::build(workspace)?;
    let cases = suite.catalogue()?;
    let named = selected(&catalogue::named_faults(&cases), &args.faults)?;
    let is_whole = args.faults.is_empty();
    let runs = args.runs as usize;
    let extra = if is_whole { 1 + PRETENDERS.len() } else { 0 };
    let mut progress = Progress::new(named.len() * runs + extra);

    let mut table = Table::new(&cases, args.full);
    // Each run of a fault has a turn of its own; the runs of one share a log, so they follow each other.
    for _ in 0..runs {
        let judged = side_by_side::map(
            &named,
            args.jobs.unwrap_or_else(|| side_by_side::jobs(3)),
            |fault| judge_fault(&suite, &cases, fault, args.full),
            |fault| progress.begin(&fault.fault),
        );
        for found in judged {
            let Found { rows, grid } = found?;
            for row in rows {
                table.add(row);
            }
            if let Some((fault, verdicts)) = grid {
                table.add_grid(&fault, verdicts);
            }
        }
    }
    let mut failures = table.failures();
    let mut count = table.count();
    if is_whole {
        progress.begin("the correct proxy");
        let accusations = judge_correct(&suite, &cases)?;
        count = count
            + Count {
                passed: cases.len().saturating_sub(accusations.len()),
                failed: accusations.len(),
            };
        failures.extend(accusations);
        // They mostly let the suite wait.
        let complaints = side_by_side::map(
            &PRETENDERS,
            side_by_side::jobs(2),
            |name| judge_pretender(&suite, &cases, name),
            |name| progress.begin(name),
        );
        for complaint in complaints {
            let complaint = complaint?;
            count = count + Count::one(complaint.is_none());
            failures.extend(complaint);
        }
        let gaps = gaps(workspace, &cases, &named)?;
        count.failed += gaps.len();
        failures.extend(gaps);
    }
    drop(progress);
    print!("{table}");
    if is_whole && failures.is_empty() {
        println!(
            "\nthe correct proxy passes all {} cases; {} proxies that are none earn nothing",
            cases.len(),
            PRETENDERS.len()
        );
    }
    for failure in &failures {
        println!("FAILED {failure}");
    }
    Ok(count)
}

fn selected(all: &[Named], wanted: &[String]) -> anyhow::Result<Vec<Named>> {
    if let Some(unknown) = wanted
        .iter()
        .find(|name| all.iter().all(|named| named.fault != **name))
    {
        let names: Vec<_> = all.iter().map(|named| named.fault.as_str()).collect();
        bail!(
            "no case names the fault {unknown}; there are {}",
            names.join(", ")
        );
    }
    let is_wanted = |named: &&Named| wanted.is_empty() || wanted.contains(&named.fault);
    Ok(all.iter().filter(is_wanted).cloned().collect())
}

/// What came of a fault.
struct Found {
    rows: Vec<Row>,
    /// With `--full`: its name, and the verdict of every case.
    grid: Option<(String, Vec<Option<Verdict>>)>,
}

fn judge_fault(suite: &Suite<'_>, cases: &[Case], fault: &Named, full: bool) -> anyhow::Result<Found> {
    let by: Vec<_> = if full {
        cases.iter().collect()
    } else {
        fault.by.iter().map(|(at, _)| &cases[*at]).collect()
    };
    let judged = suite.judge(&catalogue::variant_of(&fault.fault), &by, Some(1))?;
    let rows = fault.by.iter().map(|(at, check)| {
        let outcome = match judged.reports.get(&cases[*at].id) {
            None if !judged.last_words.is_empty() => Outcome::NotJudged(judged.last_words.clone()),
            report => Outcome::of(report, check),
        };
        Row {
            fault: fault.fault.clone(),
            case: *at,
            check: check.clone(),
            outcomes: vec![outcome],
        }
    });
    let rows = rows.collect();
    let verdict = |case: &Case| judged.reports.get(&case.id).map(|report| report.verdict);
    let grid = full.then(|| (fault.fault.clone(), cases.iter().map(verdict).collect()));
    Ok(Found { rows, grid })
}

fn judge_correct(suite: &Suite<'_>, cases: &[Case]) -> anyhow::Result<Vec<String>> {
    let judged = suite.judge(CORRECT, &cases.iter().collect::<Vec<_>>(), None)?;
    let accused = cases.iter().filter_map(|case| {
        let accusation = match judged.reports.get(&case.id) {
            Some(report) => outcome::accusation(report),
            None => Some(format!("no report, {}", judged.last_words)),
        };
        accusation.map(|what| format!("the correct proxy is accused in {}: {what}", case.id))
    });
    Ok(accused.collect())
}

fn judge_pretender(suite: &Suite<'_>, cases: &[Case], name: &str) -> anyhow::Result<Option<String>> {
    let judged = suite.judge(
        &catalogue::variant_of(name),
        &cases.iter().collect::<Vec<_>>(),
        None,
    )?;
    let ids: Vec<_> = cases
        .iter()
        .map(|case| (case.id.as_str(), case.is_must()))
        .collect();
    let reports: Vec<_> = judged.reports.into_values().collect();
    Ok(pretenders::complaint(judged.code, &ids, &reports)
        .map(|what| format!("{name}: {what} {}", judged.last_words)))
}

/// Cases that catch nothing, and faults that nothing has to catch.
fn gaps(workspace: &Workspace, cases: &[Case], named: &[Named]) -> anyhow::Result<Vec<String>> {
    let idle = cases.iter().filter(|case| case.faults.is_empty());
    let mut gaps: Vec<_> = idle
        .map(|case| format!("{}: it catches nothing", case.id))
        .collect();
    let faults = named.iter().map(|named| named.fault.as_str());
    let known: BTreeSet<_> = faults
        .chain(PRETENDERS)
        .chain([CORRECT])
        .map(catalogue::variant_of)
        .collect();
    let path = workspace.path(FOLDER).join("target.toml");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let unnamed = catalogue::unnamed(&text, &known)?;
    gaps.extend(
        unnamed
            .iter()
            .map(|fault| format!("{fault}: no case names this fault")),
    );
    Ok(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_no_case_names_cannot_be_selected() {
        let all = catalogue::named_faults(&catalogue::parse(catalogue::tests::LIST).unwrap());
        assert_eq!(selected(&all, &[]).unwrap().len(), 2);
        assert_eq!(selected(&all, &["both".to_owned()]).unwrap().len(), 1);
        let error = selected(&all, &["typo".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("never-reloads"));
    }
}
