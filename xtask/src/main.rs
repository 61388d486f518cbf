//! Development tasks, as `cargo xtask TASK`.
//!
//! A task runs programs (cargo, `reloadspec`, the proxies) and reads what they print. Invariant: nothing of this workspace is linked
//! in, so a task sees what a user sees.

mod bench;
mod ci;
mod codegen;
mod conformance;
mod count;
mod counts;
mod debian;
mod event_log;
mod kill_matrix;
mod matrix;
mod peers;
mod process;
mod progress;
mod side_by_side;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Development tasks of reloadspec.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the suite and judge a target, by default the reference proxy.
    Conformance(conformance::Args),
    /// Judge every installed target in every variant and write one Markdown table.
    Matrix(matrix::Args),
    /// Show that every case catches the faults that it names, and that a correct proxy passes.
    KillMatrix(kill_matrix::Args),
    /// Install the proxies that the suite knows, or list them.
    Peers(peers::Args),
    /// Run all tests. Needs the Rust toolchain only.
    Test(test::Args),
    /// Write the documents that are made from code: docs/cases.md.
    Codegen,
    /// Check the rules of the workspace that the compiler does not know.
    Tidy,
    /// Run the benchmarks.
    Bench(bench::Args),
    /// Count what a request and a reload take, and compare with the baseline.
    Counts(counts::Args),
    /// Everything that must hold before a change is merged.
    Ci(ci::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match cli.task {
        Task::Conformance(args) => conformance::run(&workspace, &args),
        Task::Matrix(args) => matrix::run(&workspace, &args),
        Task::KillMatrix(args) => kill_matrix::run(&workspace, &args),
        Task::Peers(args) => peers::run(&workspace, &args),
        Task::Test(args) => test::run(&workspace, &args),
        Task::Codegen => codegen::run(&workspace),
        Task::Tidy => tidy::run(&workspace),
        Task::Bench(args) => bench::run(&workspace, &args),
        Task::Counts(args) => counts::run(&workspace, &args),
        Task::Ci(args) => ci::run(&workspace, &args),
    }
}
