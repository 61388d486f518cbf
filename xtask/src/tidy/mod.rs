//! `tidy`: rules of the workspace that the compiler does not know. Each finding names a file and a line.

mod crates;
mod folders;
mod links;
mod modules;
mod paths;
mod text;

use std::fmt;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// A rule that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Relative to the root.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// What is wrong and what would be right.
    pub(crate) what: String,
}

impl Finding {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A text file of the checkout.
pub(crate) struct Source {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    fn has_extension(&self, wanted: &str) -> bool {
        std::path::Path::new(&self.path)
            .extension()
            .is_some_and(|it| it == wanted)
    }

    /// Lines, numbered from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }
}

/// Prints what is found.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let findings = findings(workspace)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: nothing to complain about");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("tidy: {} to be put right", findings.len());
        Ok(ExitCode::FAILURE)
    }
}

/// All that is wrong, sorted by file.
pub(crate) fn findings(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let sources = sources(workspace)?;
    let mut findings = crates::check(workspace)?;
    findings.extend(modules::check(&sources));
    findings.extend(text::check(&sources));
    findings.extend(folders::check(&sources));
    findings.extend(links::check(workspace, &sources));
    findings.sort();
    findings.dedup();
    Ok(findings)
}

/// All text files that git knows or would add.
fn sources(workspace: &Workspace) -> anyhow::Result<Vec<Source>> {
    let output = Command::new("git")
        .current_dir(workspace.root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("failed to run git, which knows the files to check")?;
    if !output.status.success() {
        bail!(
            "git does not know the files to check: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    Ok(paths
        .filter_map(|path| {
            // A file that was deleted and not yet staged, or is no text, has nothing to check.
            let text = std::fs::read_to_string(workspace.path(path)).ok()?;
            let path = path.to_owned();
            Some(Source { path, text })
        })
        .collect())
}
