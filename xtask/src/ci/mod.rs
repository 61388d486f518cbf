//! `ci`: everything that must hold before a change is merged, one step after the other, going on past a failure.
//!
//! The last line counts all that was executed.

mod deny;
mod readme;
mod steps;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::count::Count;
use crate::workspace::Workspace;
use steps::STEPS;

/// Which steps.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Only these steps.
    #[arg(long = "step", value_name = "NAME")]
    steps: Vec<String>,
    /// Print the steps and do nothing.
    #[arg(long)]
    list: bool,
}

/// A step.
struct Step {
    name: &'static str,
    about: &'static str,
    /// What it does, given the names of the steps before it.
    run: fn(&Workspace, &[&str]) -> anyhow::Result<Done>,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Done {
    /// What it executed.
    Counted(Count),
    /// It could not be done here, and why that is no failure.
    Skipped(String),
}

/// Runs them.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    if args.list {
        for step in &STEPS {
            println!("{:12} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = args
        .steps
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        bail!("there is no step {unknown}: see --list");
    }
    let is_wanted = |step: &&Step| args.steps.is_empty() || args.steps.iter().any(|it| it == step.name);
    let mut results = Vec::new();
    let mut taken = Vec::new();
    for step in STEPS.iter().filter(is_wanted) {
        results.push(take(workspace, step, &taken));
        taken.push(step.name);
    }

    println!("\n=== summary");
    for (step, done, took) in &results {
        println!("{:12} {:>6.1} s  {}", step.name, took.as_secs_f64(), done.words());
    }
    println!(
        "counted: each test, each case on the reference, each fault by each case that names it, each target of the \
         matrix, and every other step or command once"
    );
    let total: Count = results.iter().map(|(_, done, _)| done.count()).sum();
    println!("{total}");
    Ok(total.exit_code())
}

fn take<'a>(workspace: &Workspace, step: &'a Step, taken: &[&str]) -> (&'a Step, Done, Duration) {
    println!("\n=== {}: {}", step.name, step.about);
    let began = Instant::now();
    let done = (step.run)(workspace, taken).unwrap_or_else(|error| {
        println!("error: {error:#}");
        Done::Counted(Count::one(false))
    });
    let took = began.elapsed();
    println!(
        "--- {}: {} ({:.1} s)",
        step.name,
        done.words(),
        took.as_secs_f64()
    );
    (step, done, took)
}

// === impl Done ===

impl Done {
    /// A step that is one thing.
    fn one(passed: bool) -> Self {
        Self::Counted(Count::one(passed))
    }

    fn count(&self) -> Count {
        match self {
            Self::Counted(count) => *count,
            Self::Skipped(_) => Count::default(),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Counted(count) => count.to_string(),
            Self::Skipped(why) => format!("skipped: {why}"),
        }
    }
}
