//! `bench`: the criterion benchmarks of `benches/`.

use std::process::ExitCode;

use crate::process;
use crate::workspace::Workspace;

/// Which benchmarks, and how.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// `reload`, `pipeline`, `endurance`, or any benchmark by its full name; by default all.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Arguments for criterion.
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
    cargo.arg("--").args(&args.rest);
    let status = process::attached(&mut cargo)?;
    Ok(process::pass_through(&cargo, status))
}

fn full_name(name: &str) -> &str {
    match name {
        "reload" => "reload_latency",
        "pipeline" => "config_pipeline",
        other => other,
    }
}
