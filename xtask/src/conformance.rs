//! `conformance`: build the suite, and the reference proxy where it is the target, and run one on the other.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::process;
use crate::workspace::{Binary, Workspace};

/// What to judge, and by what.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// A target that the suite knows, or a target folder of your own; either may end in `:VARIANT`.
    #[arg(long, default_value = REFERENCE, value_name = "NAME|DIR")]
    target: String,
    /// The binary to judge, instead of the one that is built or found.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Only cases whose id matches.
    #[arg(long = "case", value_name = "PATTERN")]
    cases: Vec<String>,
    /// Which cases: `core` or `extended`, which is all of them.
    #[arg(long, default_value = "extended", value_name = "PROFILE")]
    profile: String,
    /// Arguments for `reloadspec run`.
    #[arg(last = true, value_name = "ARGS")]
    rest: Vec<String>,
}

const REFERENCE: &str = "reference";

/// Runs the suite and ends with its exit code.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    let is_reference = args.target.split(':').next() == Some(REFERENCE) && args.binary.is_none();
    let built = workspace.build()?;
    let mut suite = workspace.suite(&built)?;
    // A relative path is relative to where the user stands, not to the root.
    suite.current_dir(std::env::current_dir()?);
    suite.arg("run").arg(&args.target);
    if let Some(binary) = &args.binary {
        suite.arg("--binary").arg(binary);
    } else if is_reference {
        // The reference claims all of it.
        suite
            .arg("--strict")
            .arg("--binary")
            .arg(built.path(Binary::PROXY)?);
    }
    suite.args(["--profile", &args.profile]);
    for case in &args.cases {
        suite.args(["--case", case]);
    }
    suite.args(&args.rest);
    let status = process::attached(&mut suite)?;
    Ok(process::pass_through(&suite, status))
}
