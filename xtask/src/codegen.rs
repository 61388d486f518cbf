//! `codegen`: the documents that are written from code. A test of the suite tells when they are not of it any more.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::process::{self, Echo};
use crate::workspace::Workspace;

const CASES: &str = "docs/cases.md";
const DEADLINE: Duration = Duration::from_secs(30);

/// Writes them.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let built = workspace.build()?;
    let mut list = workspace.suite(&built)?;
    list.args(["list", "--format", "markdown"]);
    let ran = process::captured(&mut list, DEADLINE, Echo::No)?;
    if !ran.success() {
        bail!("the suite does not write its catalogue: {}", ran.last_words(3));
    }
    let path = workspace.path(CASES);
    std::fs::write(&path, ran.stdout).with_context(|| format!("failed to write {}", path.display()))?;
    println!("written: {CASES}");
    Ok(ExitCode::SUCCESS)
}
