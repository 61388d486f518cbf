//! `matrix --repro`: each script that the suite wrote as evidence is run, and must show what it says it shows.
//!
//! The evidence of a run in, one line a script out. The scripts of what failed are kept in `docs/repro/`, for whoever wants to see it without the suite.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::process::{self, Echo};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// A script looks for a minute at the most for what may take a while to be seen.
const DEADLINE: Duration = Duration::from_secs(180);
/// A script has seen what it looks for.
const SHOWN: i32 = 0;
/// Where the scripts of failures are kept.
const KEPT: &str = "docs/repro";
/// What the kept scripts have in common, and between which of their lines that stands.
const COMMON: &str = "common.sh";
const COMMON_BEGINS: &str = "# What follows needs ";
const COMMON_ENDS: &str = "# --- what is looked for ---\n";

/// A script and what came of it.
#[derive(Debug)]
pub(super) struct Tried {
    root: PathBuf,
    /// Below the evidence: target, case, script.
    pub(super) path: PathBuf,
    /// Whether it speaks of a MUST that was not met.
    pub(super) is_failure: bool,
    /// Whether it showed what it is about.
    pub(super) shown: bool,
    /// What it said last.
    pub(super) said: String,
}

/// Runs all scripts below the folders of evidence, one after the other: some of them measure times.
pub(super) fn try_all(workspace: &Workspace, evidence: &[PathBuf]) -> anyhow::Result<Vec<Tried>> {
    let mut scripts = Vec::new();
    for folder in evidence {
        find(folder, folder, &mut scripts)?;
    }
    scripts.sort();
    let mut progress = Progress::new(scripts.len());
    let mut tried = Vec::new();
    for (root, path) in scripts {
        progress.begin(&path.display().to_string());
        tried.push(run(workspace, &root, path)?);
    }
    Ok(tried)
}

/// The scripts below a folder, by the folder and their path in it.
fn find(root: &Path, folder: &Path, found: &mut Vec<(PathBuf, PathBuf)>) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // A target of which all passed leaves no evidence.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("failed to read {}", folder.display())),
    };
    for entry in entries {
        let path = entry
            .with_context(|| format!("failed to read {}", folder.display()))?
            .path();
        if path.is_dir() {
            find(root, &path, found)?;
        } else if is_script(&path) {
            let below = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
            found.push((root.to_path_buf(), below));
        }
    }
    Ok(())
}

fn is_script(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.starts_with("repro-") && name.ends_with(".sh"))
}

fn run(workspace: &Workspace, root: &Path, path: PathBuf) -> anyhow::Result<Tried> {
    let script = root.join(&path);
    let text =
        std::fs::read_to_string(&script).with_context(|| format!("failed to read {}", script.display()))?;
    let mut command = Command::new("sh");
    command.arg(&script).env("PATH", with_peers(workspace));
    let ran = process::captured(&mut command, DEADLINE, Echo::No)?;
    Ok(Tried {
        root: root.to_path_buf(),
        path,
        is_failure: text.lines().take(3).any(|line| line.ends_with(": fail")),
        shown: ran.code() == Some(SHOWN),
        said: ran.stdout.lines().last().unwrap_or_default().to_owned(),
    })
}

/// PATH, with the peers that were installed for this workspace alone in front.
fn with_peers(workspace: &Workspace) -> std::ffi::OsString {
    let mut folders = vec![workspace.peers()];
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}

/// Keeps the scripts that showed a failure, in place of those that were kept before.
pub(super) fn keep(workspace: &Workspace, tried: &[Tried]) -> anyhow::Result<Vec<PathBuf>> {
    let kept = workspace.path(KEPT);
    let _removed = std::fs::remove_dir_all(&kept);
    let mut paths = Vec::new();
    let mut common: Option<String> = None;
    for one in tried.iter().filter(|one| one.shown && one.is_failure) {
        let mut parts = one.path.iter().map(|part| part.to_string_lossy().into_owned());
        let (Some(target), Some(case), Some(script)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let name = script.trim_start_matches("repro-");
        let below = Path::new(&target).join(format!("{case}-{name}"));
        let to = kept.join(&below);
        let folder = to.parent().unwrap_or(&kept);
        std::fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        let from = one.root.join(&one.path);
        let text =
            std::fs::read_to_string(&from).with_context(|| format!("failed to read {}", from.display()))?;
        let text = match apart(&text) {
            // What all have in common stands there once; a script of another make stays whole.
            Some((own, its)) if its == *common.get_or_insert_with(|| its.clone()) => own,
            _ => text,
        };
        std::fs::write(&to, text).with_context(|| format!("failed to keep {}", to.display()))?;
        paths.push(below);
    }
    if let Some(common) = common {
        let path = kept.join(COMMON);
        std::fs::write(&path, common).with_context(|| format!("failed to write {}", path.display()))?;
    }
    let readme = kept.join("README.md");
    std::fs::create_dir_all(&kept)
        .and_then(|()| std::fs::write(&readme, contents(&paths)))
        .with_context(|| format!("failed to write {}", readme.display()))?;
    Ok(paths)
}

/// A script without what it has in common with all others, which it reads from a file instead, and that.
fn apart(text: &str) -> Option<(String, String)> {
    let from = text.find(COMMON_BEGINS)?;
    let to = from + text[from..].find(COMMON_ENDS)?;
    let own = format!("{}. \"${{0%/*}}/../{COMMON}\"\n\n{}", &text[..from], &text[to..]);
    Some((own, text[from..to].to_owned()))
}

/// What is kept, for a reader who comes here first.
fn contents(paths: &[PathBuf]) -> String {
    let mut text = String::from(
        "# Failures that show themselves\n\n\
         Written by `cargo xtask matrix --repro` and not edited. Each script shows one failure of the [matrix](../matrix.md) by the proxy, a shell, curl\n\
         and Python 3, without the suite: it starts the proxy on loopback addresses, does what the case did, and ends with 0 once it has seen the fault, with 1\n\
         if it has not, with 2 if it could not be tried. What shows only under load is first looked for in the same load without a change.\n\
         They share [common.sh](common.sh).\n\n\
         ```console\n$ sh docs/repro/TARGET/SCRIPT.sh [BINARY]\n```\n\n",
    );
    for path in paths {
        let path = path.display();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- [{path}]({path})");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_wherever_they_lie() {
        let root = tempfile::tempdir().unwrap();
        let case = root.path().join("caddy-api/a_case");
        std::fs::create_dir_all(&case).unwrap();
        for name in ["repro-one.sh", "finding.md", "repro-two.txt"] {
            std::fs::write(case.join(name), "").unwrap();
        }
        let mut found = Vec::new();
        find(root.path(), root.path(), &mut found).unwrap();
        let below: Vec<_> = found.into_iter().map(|(_, path)| path).collect();
        assert_eq!(below, [PathBuf::from("caddy-api/a_case/repro-one.sh")]);
        find(root.path(), &root.path().join("nowhere"), &mut Vec::new()).unwrap();
    }

    #[test]
    fn what_scripts_have_in_common_is_kept_once() {
        let script = format!("#!/bin/sh\nx=1\n{COMMON_BEGINS}a shell.\nf() {{ :; }}\n{COMMON_ENDS}f\n");
        let (own, common) = apart(&script).unwrap();
        assert_eq!(
            own,
            format!("#!/bin/sh\nx=1\n. \"${{0%/*}}/../common.sh\"\n\n{COMMON_ENDS}f\n")
        );
        assert_eq!(common, format!("{COMMON_BEGINS}a shell.\nf() {{ :; }}\n"));
        assert_eq!(apart("#!/bin/sh\n"), None);
    }

    #[test]
    fn a_script_counts_if_it_saw_what_it_looks_for_and_is_kept_if_that_is_a_failure() {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(root.path());
        let evidence = root.path().join("reports/matrix");
        let case = evidence.join("caddy/caddy-api/a_case");
        std::fs::create_dir_all(&case).unwrap();
        let script = |verdict: &str, code: u8| {
            format!("#!/bin/sh\n# caddy\n# a_case, x (MUST): {verdict}\necho end\nexit {code}\n")
        };
        std::fs::write(case.join("repro-a.sh"), script("fail", 0)).unwrap();
        std::fs::write(case.join("repro-b.sh"), script("weak", 0)).unwrap();
        std::fs::write(case.join("repro-c.sh"), script("fail", 1)).unwrap();
        let tried = try_all(&workspace, &[evidence.join("caddy")]).unwrap();
        let shown: Vec<_> = tried.iter().map(|one| (one.shown, one.is_failure)).collect();
        assert_eq!(shown, [(true, true), (true, false), (false, true)]);
        assert_eq!(tried[2].said, "end");
        let kept = keep(&workspace, &tried).unwrap();
        assert_eq!(kept, [PathBuf::from("caddy-api/a_case-a.sh")]);
        assert!(workspace.path(KEPT).join(&kept[0]).is_file());
        let readme = std::fs::read_to_string(workspace.path(KEPT).join("README.md")).unwrap();
        assert!(readme.contains("(caddy-api/a_case-a.sh)"), "{readme}");
    }
}
