//! Peers that are compiled from their crates, by cargo, into `peers/bin`. It takes minutes, so that CI leaves it out.

use std::path::Path;

use anyhow::{Context, bail};

use super::{is_executable, version_of};
use crate::process;
use crate::workspace::Workspace;

/// A proxy that is compiled from its crate.
pub(super) struct Crate {
    /// Of the crate and of its binary.
    pub(super) name: &'static str,
    version: &'static str,
}

pub(super) const CRATES: [Crate; 1] = [Crate {
    name: "sozu",
    version: "2.3.3",
}];

/// What crates are compiled with besides the toolchain, and the Debian packages that it comes in.
pub(super) const COMPILERS: [(&str, &[&str]); 1] = [("protoc", &["protobuf-compiler"])];

/// Whether crates are compiled where they are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crates {
    Compiled,
    /// As in CI, which has no time for that.
    LeftOut,
}

// === impl Crate ===

impl Crate {
    pub(super) fn is_in(&self, folder: &Path) -> bool {
        let binary = folder.join(self.name);
        is_executable(&binary) && version_of(self.name, &binary).as_deref() == Some(self.version)
    }

    /// Cargo says itself how far it is, and puts the binary there when it is whole.
    pub(super) fn install(&self, workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
        eprintln!("compiling {} {}, which takes minutes", self.name, self.version);
        let root = folder.parent().context("the folder of peers has no parent")?;
        let mut cargo = workspace.cargo();
        cargo.args([
            "install",
            "--locked",
            "--force",
            self.name,
            "--version",
            self.version,
            "--root",
        ]);
        if !process::attached(cargo.arg(root))?.success() {
            bail!("failed to compile {}", self.name);
        }
        Ok(())
    }
}
