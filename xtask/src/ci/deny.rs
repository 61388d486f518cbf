//! cargo-deny, installed once into the user's cache where it is missing.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use super::Done;
use crate::process::{self, Echo};
use crate::workspace::Workspace;

/// The version that is installed where there is none.
const VERSION: &str = "0.20.2";

const DEADLINE: Duration = Duration::from_secs(120);
const INSTALL_DEADLINE: Duration = Duration::from_secs(15 * 60);

/// Licences, sources and bans. They need no network.
pub(super) fn policies(workspace: &Workspace) -> anyhow::Result<Done> {
    let mut deny = cargo_deny(workspace)?;
    deny.args(["--log-level", "error", "check", "bans", "licenses", "sources"]);
    let ran = process::captured(&mut deny, DEADLINE, Echo::Yes)?;
    Ok(Done::one(ran.success()))
}

/// Known vulnerabilities, where their database can be had.
pub(super) fn advisories(workspace: &Workspace) -> anyhow::Result<Done> {
    let mut deny = cargo_deny(workspace)?;
    deny.args(["check", "advisories"]);
    let ran = process::captured(&mut deny, DEADLINE, Echo::No)?;
    if ran.status.is_none() || ran.stderr.contains("failed to fetch advisory database") {
        return Ok(Done::Skipped(
            "the advisory database cannot be reached".to_owned(),
        ));
    }
    print!("{}{}", ran.stdout, ran.stderr);
    Ok(Done::one(ran.success()))
}

/// The one that is installed, or else the one in the cache, built if need be.
fn cargo_deny(workspace: &Workspace) -> anyhow::Result<Command> {
    let cache = cache()?;
    let cached = cache.join("bin/cargo-deny");
    for program in [PathBuf::from("cargo-deny"), cached.clone()] {
        let works = process::captured(Command::new(&program).arg("--version"), DEADLINE, Echo::No)
            .is_ok_and(|ran| ran.success());
        if works {
            return Ok(in_root(workspace, &program));
        }
    }
    println!("installing cargo-deny {VERSION} into {}", cache.display());
    let mut install = workspace.cargo();
    install
        .args([
            "install",
            "--locked",
            "--quiet",
            "cargo-deny",
            "--version",
            VERSION,
            "--root",
        ])
        .arg(&cache)
        // Not into the target folder that the workspace is built in.
        .env_remove("CARGO_TARGET_DIR");
    let ran = process::captured(&mut install, INSTALL_DEADLINE, Echo::Yes)?;
    if !ran.success() {
        bail!("failed to install cargo-deny {VERSION}");
    }
    Ok(in_root(workspace, &cached))
}

fn in_root(workspace: &Workspace, program: &PathBuf) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace.root());
    command
}

fn cache() -> anyhow::Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("reloadspec/tools"))
}
