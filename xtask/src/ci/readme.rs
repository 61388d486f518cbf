//! The commands that a newcomer types first: the first block of the README that calls `cargo xtask`, as it stands.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use super::Done;
use crate::count::Count;
use crate::process::{self, Echo};
use crate::workspace::Workspace;

const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// Runs them; each must end with 0.
pub(super) fn commands(workspace: &Workspace) -> anyhow::Result<Done> {
    let readme = std::fs::read_to_string(workspace.path("README.md")).context("failed to read README.md")?;
    let lines = first_block(&readme);
    if lines.is_empty() {
        bail!("README.md has no block that calls `cargo xtask`");
    }
    let mut count = Count::default();
    for line in lines {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(workspace.root());
        let ran = process::captured(&mut shell, DEADLINE, Echo::No)?;
        println!("$ {line}: {:?}, {:.1} s", ran.code(), ran.took.as_secs_f64());
        if !ran.success() {
            println!("{}", ran.last_words(20));
        }
        count = count + Count::one(ran.success());
    }
    Ok(Done::Counted(count))
}

/// The calls of `cargo xtask` in the first block that has one, without prompts and comments.
fn first_block(markdown: &str) -> Vec<&str> {
    let blocks = markdown.split("```").skip(1).step_by(2);
    let calls = blocks.map(|block| {
        let lines = block.lines().map(|line| {
            let line = line.trim().trim_start_matches("$ ");
            line.split(" #").next().unwrap_or(line).trim()
        });
        lines
            .filter(|line| line.starts_with("cargo xtask"))
            .collect::<Vec<_>>()
    });
    calls
        .into_iter()
        .find(|calls| !calls.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_calls_are_found() {
        let readme = "# x\n```text\nreport\n```\ny\n```console\n$ cargo xtask conformance   # builds\n$ cargo xtask test\n```\n\
                      ```console\n$ cargo xtask matrix\n```\n";
        assert_eq!(
            first_block(readme),
            ["cargo xtask conformance", "cargo xtask test"]
        );
        assert!(first_block("nothing").is_empty());
    }
}
