//! `bench`: the benchmarks of `benches/`, by criterion and otherwise.

use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::process;
use crate::workspace::{Binary, Workspace, search_path};

/// Which benchmarks, and how.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// `reload`, `pipeline`, `endurance`, `peers` (by itself), or any benchmark by its full name; by default all but `peers`.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Arguments for criterion, or for `peers`: see `bench peers -- --help`.
    #[arg(last = true, value_name = "ARGS")]
    rest: Vec<String>,
}

/// Runs them and ends with cargo's exit code.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    let mut cargo = workspace.cargo();
    cargo.args(["bench", "--package", "reloadspec-benches"]);
    match &args.names[..] {
        [] => {
            cargo.args(["--benches"]);
        }
        names => {
            for name in names {
                cargo.args(["--bench", full_name(name)]);
            }
        }
    }
    cargo.arg("--");
    // Only by its name: it needs a machine to itself.
    if args.names == ["peers"] {
        with_peers(workspace, &mut cargo)?;
    }
    cargo.args(&args.rest);
    let status = process::attached(&mut cargo)?;
    Ok(process::pass_through(&cargo, status))
}

/// Tells the bench of peers where they are and where its figures go to; without that it does nothing.
fn with_peers(workspace: &Workspace, cargo: &mut Command) -> anyhow::Result<()> {
    let built = workspace.build_dist()?;
    cargo.arg("--proxy").arg(built.path(Binary::PROXY)?);
    cargo.arg("--peers-dir").arg(workspace.peers());
    cargo.arg("--docs").arg(workspace.path("docs/performance"));
    // cargo runs benches in the folder of their package.
    let here = std::env::current_dir().context("failed to find the current folder")?;
    cargo.arg("--here").arg(here);
    cargo.env("PATH", search_path());
    Ok(())
}

fn full_name(name: &str) -> &str {
    match name {
        "reload" => "reload_latency",
        "pipeline" => "config_pipeline",
        other => other,
    }
}
