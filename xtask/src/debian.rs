//! Programs that come in Debian packages: which are missing, and how they are installed, as root, without starting anything.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::process::{self, Echo};
use crate::workspace::search_path;

/// A program, and the packages that it needs.
pub(crate) type Program = (&'static str, &'static [&'static str]);

/// Who is asked whether the service of a package may be started, and an answer of no (invoke-rc.d(8)).
const POLICY: &str = "/usr/sbin/policy-rc.d";
const NO: &str = "#!/bin/sh\nexit 101\n";

const DEADLINE: Duration = Duration::from_secs(10 * 60);
const ID_DEADLINE: Duration = Duration::from_secs(20);

/// The packages of those programs that are not installed.
pub(crate) fn missing(programs: &[Program]) -> Vec<&'static str> {
    let path = search_path();
    let is_missing = |name: &str| !env::split_paths(&path).any(|folder| is_executable(&folder.join(name)));
    programs
        .iter()
        .filter(|(name, _)| is_missing(name))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect()
}

/// What root types to get packages.
pub(crate) fn line_for(packages: &[&str]) -> String {
    format!("apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Installs those that are missing.
pub(crate) fn install(programs: &[Program]) -> anyhow::Result<()> {
    let all = missing(programs);
    if all.is_empty() {
        return Ok(());
    }
    if !is_root()? {
        bail!("{} not installed; as root: {}", all.join(" and "), line_for(&all));
    }
    let _at_rest = NoServices::begin()?;
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        process::captured(&mut apt, DEADLINE, Echo::No)
            .with_context(|| format!("install {} by other means than apt", all.join(" and ")))
    };
    // An index that is only partly out of date still installs.
    apt(&["update", "--quiet"])?;
    // Each by itself, as not every release of Debian or Ubuntu has all of them.
    let mut failures = Vec::new();
    for program in programs {
        let packages = missing(&[*program]);
        if packages.is_empty() {
            continue;
        }
        let ran = apt(&[&["install", "--yes", "--no-install-recommends"], &packages[..]].concat())?;
        if !ran.success() {
            failures.push(format!("{}: {}", packages.join(" and "), ran.last_words(3)));
        }
    }
    if !failures.is_empty() {
        bail!("apt-get did not install {}", failures.join("\n"));
    }
    Ok(())
}

/// Whether there is a program at this path.
pub(crate) fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

fn is_root() -> anyhow::Result<bool> {
    let ran = process::captured(Command::new("id").arg("-u"), ID_DEADLINE, Echo::No)?;
    Ok(ran.stdout.trim() == "0")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_packages_of_what_is_missing_are_named() {
        let programs: [Program; 2] = [("sh", &["dash"]), ("no-such-program", &["one", "two"])];
        assert_eq!(missing(&programs), ["one", "two"]);
        assert_eq!(
            line_for(&missing(&programs)),
            "apt-get install --no-install-recommends one two"
        );
    }
}
