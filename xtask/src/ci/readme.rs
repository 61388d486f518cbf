//! The commands that a newcomer types: the first block of the README that calls `cargo xtask`, and the worked example, as they stand.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use super::Done;
use crate::count::Count;
use crate::process::{self, Echo, Ran};
use crate::workspace::Workspace;

/// The folder that the worked example makes.
const FOLDER: &str = "/tmp/my-proxy";
/// How many lines of a command that failed are shown: enough for the law that fell and the numbers that felled it.
const WORDS: usize = 60;
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// A command of the README, and the step that does just that, and counts what it did.
const DONE_BY: (&str, &str) = ("cargo xtask test", "tests");

/// Runs them; each must end with 0. What a step before did already is not done twice.
pub(super) fn commands(workspace: &Workspace, taken: &[&str]) -> anyhow::Result<Done> {
    let readme = std::fs::read_to_string(workspace.path("README.md")).context("failed to read README.md")?;
    let lines = first_block(&readme);
    if lines.is_empty() {
        bail!("README.md has no block that calls `cargo xtask`");
    }
    let mut count = Count::default();
    for line in lines {
        if line == DONE_BY.0 && taken.contains(&DONE_BY.1) {
            println!("$ {line}: done by the step {}", DONE_BY.1);
            continue;
        }
        let mut shell = Command::new("sh");
        shell
            .args(["-c", line])
            .env("RUST_BACKTRACE", "0")
            .current_dir(workspace.root());
        let ran = process::captured(&mut shell, DEADLINE, Echo::No)?;
        println!("$ {line}: {:?}, {:.1} s", ran.code(), ran.took.as_secs_f64());
        if !ran.success() {
            println!("{}", ran.last_words(WORDS));
        }
        count = count + Count::one(ran.success());
    }
    let ran = example(workspace, &readme)?;
    println!(
        "the worked example: {:?}, {:.1} s",
        ran.code(),
        ran.took.as_secs_f64()
    );
    if !ran.success() {
        println!("{}", ran.last_words(WORDS));
    }
    Ok(Done::Counted(count + Count::one(ran.success())))
}

/// Runs the block that writes a target folder as one script, with a folder of its own for the one that it names.
fn example(workspace: &Workspace, readme: &str) -> anyhow::Result<Ran> {
    let folder = tempfile::tempdir().context("failed to make a folder for the example")?;
    let place = folder.path().join("my-proxy");
    let script =
        script(readme, FOLDER).with_context(|| format!("README.md has no block that makes {FOLDER}"))?;
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-c", &script.replace(FOLDER, &place.display().to_string())])
        .current_dir(workspace.root());
    process::captured(&mut shell, DEADLINE, Echo::No)
}

/// The block that makes a folder, without prompts.
fn script(markdown: &str, folder: &str) -> Option<String> {
    let mut blocks = markdown.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.contains(&format!("mkdir {folder}")))?;
    let (_language, commands) = block.split_once('\n')?;
    let bare = |line: &str| line.strip_prefix("$ ").unwrap_or(line).to_owned() + "\n";
    Some(commands.lines().map(bare).collect())
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
    fn an_example_is_a_script() {
        let readme =
            "```console\n$ other\n```\n```console\n$ mkdir /x\n$ cat > /x/y <<'END'\na: [1]\nEND\n```\n";
        assert_eq!(
            script(readme, "/x").unwrap(),
            "mkdir /x\ncat > /x/y <<'END'\na: [1]\nEND\n"
        );
        assert_eq!(script(readme, "/z"), None);
    }

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
