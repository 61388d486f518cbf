//! `codegen`: the documents that are written from code. Tests of the suite and of the proxy tell when they are not of it any more.

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::process::{self, Echo};
use crate::workspace::{Binary, Workspace};

const CASES: &str = "docs/cases.md";
const SCHEMA: &str = "proxy/schema/reloadspec-proxy.schema.json";
const DEADLINE: Duration = Duration::from_secs(30);

/// Writes them.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let built = workspace.build()?;
    let mut list = workspace.suite(&built)?;
    list.args(["list", "--format", "markdown"]);
    let mut schema = Command::new(built.path(Binary::PROXY)?);
    schema.arg("schema");
    for (mut command, name) in [(list, CASES), (schema, SCHEMA)] {
        let ran = process::captured(&mut command, DEADLINE, Echo::No)?;
        if !ran.success() {
            bail!("{name} is not written: {}", ran.last_words(3));
        }
        let path = workspace.path(name);
        std::fs::write(&path, ran.stdout).with_context(|| format!("failed to write {}", path.display()))?;
        println!("written: {name}");
    }
    Ok(ExitCode::SUCCESS)
}
