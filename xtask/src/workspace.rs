//! Where things are, and how binaries of the workspace are built.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::process;

/// The checkout.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

/// A binary of the workspace: its package and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Binary {
    package: &'static str,
    name: &'static str,
}

impl Binary {
    /// The suite.
    pub(crate) const SUITE: Self = Self {
        package: "reloadspec",
        name: "reloadspec",
    };
    /// The reference proxy.
    pub(crate) const PROXY: Self = Self {
        package: "reloadspec-proxy",
        name: "reloadspec-proxy",
    };
    /// The proxy that is wrong on request.
    pub(crate) const FAULTY: Self = Self {
        package: "reloadspec-fixtures",
        name: "faulty-proxy",
    };
}

/// Paths of binaries, by their names.
#[derive(Debug)]
pub(crate) struct Built(BTreeMap<String, PathBuf>);

/// A line of `cargo --message-format json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<MessageTarget>,
    profile: Option<MessageProfile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct MessageTarget {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct MessageProfile {
    test: bool,
}

// === impl Workspace ===

impl Workspace {
    /// The checkout that `cargo xtask` was called in.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").context("not run by cargo: use `cargo xtask`")?;
        let root = Path::new(&manifest)
            .parent()
            .context("the xtask folder has no parent")?
            .to_owned();
        Ok(Self { root })
    }

    /// A folder that is laid out like a checkout.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where foreign proxies are unpacked to; git ignores it.
    pub(crate) fn peers(&self) -> PathBuf {
        self.path("peers/bin")
    }

    /// Cargo itself, in the root folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        command
    }

    /// The suite, with the folder of foreign proxies and a `PATH` on which servers are found by users other than root too.
    pub(crate) fn suite(&self, built: &Built) -> anyhow::Result<Command> {
        let mut command = Command::new(built.path(Binary::SUITE)?);
        command
            .current_dir(&self.root)
            .env("RELOADSPEC_PEERS", self.peers())
            .env("PATH", search_path());
        Ok(command)
    }

    /// Builds the suite, the reference proxy and the faulty one as a user would; the compiler's words go to standard error.
    ///
    /// Always all three: with another choice of packages their dependencies have other features, and each task would compile
    /// them anew.
    pub(crate) fn build(&self) -> anyhow::Result<Built> {
        let mut command = self.cargo();
        command.args(["build", "--release", "--bins"]);
        for binary in [Binary::SUITE, Binary::PROXY, Binary::FAULTY] {
            command.args(["--package", binary.package]);
        }
        executables(command)
    }

    /// Builds the reference as those do who run it for long: it takes a while more, and is a little faster.
    pub(crate) fn build_dist(&self) -> anyhow::Result<Built> {
        let mut command = self.cargo();
        command.args(["build", "--profile", "dist", "--bins"]);
        command.args(["--package", Binary::PROXY.package]);
        executables(command)
    }

    /// Builds all that the tests need, tests included, with the features that the tests have.
    pub(crate) fn build_tests(&self) -> anyhow::Result<Built> {
        let mut command = self.cargo();
        command.args(["build", "--workspace", "--bins", "--tests"]);
        executables(command)
    }
}

/// `PATH` and the folders that Debian keeps servers in.
pub(crate) fn search_path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let servers = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let folders = env::split_paths(&path).chain(servers);
    env::join_paths(folders).unwrap_or(path)
}

fn executables(mut command: Command) -> anyhow::Result<Built> {
    command
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let line = process::line_of(&command);
    let output = command
        .output()
        .with_context(|| format!("failed to run {line}"))?;
    if !output.status.success() {
        bail!("failed to build: {line}");
    }
    Ok(Built::of_messages(&String::from_utf8_lossy(&output.stdout)))
}

// === impl Built ===

impl Built {
    fn of_messages(messages: &str) -> Self {
        let binaries = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Message>(line).ok())
            .filter(|message| message.reason == "compiler-artifact")
            .filter_map(|message| {
                let (target, profile) = (message.target?, message.profile?);
                let is_binary = target.kind.iter().any(|kind| kind == "bin") && !profile.test;
                is_binary.then_some((target.name, message.executable?))
            });
        Self(binaries.collect())
    }

    /// The path of a binary.
    pub(crate) fn path(&self, binary: Binary) -> anyhow::Result<&Path> {
        self.0
            .get(binary.name)
            .map(PathBuf::as_path)
            .with_context(|| format!("package {} has no binary {}", binary.package, binary.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_read_from_what_cargo_says() {
        let built = Built::of_messages(concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"reloadspec","kind":["lib"]},"profile":{"test":false},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"reloadspec","kind":["bin"]},"profile":{"test":true},"executable":"/t/deps/reloadspec-1"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"reloadspec","kind":["bin"]},"profile":{"test":false},"executable":"/t/reloadspec"}"#,
            "\nnot JSON\n",
            r#"{"reason":"build-finished","success":true}"#,
        ));
        assert_eq!(built.path(Binary::SUITE).unwrap(), Path::new("/t/reloadspec"));
        assert!(built.path(Binary::FAULTY).is_err());
    }
}
