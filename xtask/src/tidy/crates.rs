//! Arrows between crates: which may depend on which, by any kind of dependency.
//!
//! Above all: the suite never depends on the proxy that it judges.

use anyhow::{Context, bail};
use serde::Deserialize;

use super::Finding;
use crate::workspace::Workspace;

/// An arrow that may be there.
struct Arrow {
    from: &'static str,
    to: &'static str,
    /// In tests only.
    dev_only: bool,
}

const fn arrow(from: &'static str, to: &'static str) -> Arrow {
    Arrow {
        from,
        to,
        dev_only: false,
    }
}

const ARROWS: [Arrow; 5] = [
    arrow("reloadspec", "reloadspec-fixtures"),
    Arrow {
        from: "reloadspec-proxy",
        to: "reloadspec-fixtures",
        dev_only: true,
    },
    arrow("reloadspec-benches", "reloadspec"),
    arrow("reloadspec-benches", "reloadspec-fixtures"),
    arrow("reloadspec-benches", "reloadspec-proxy"),
];

#[derive(Deserialize)]
struct Metadata {
    workspace_root: String,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

/// Checks the manifests as cargo reads them.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let output = workspace
        .cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("failed to run cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let metadata = serde_json::from_slice(&output.stdout).context("failed to read cargo metadata")?;
    Ok(judge(&metadata, |path| {
        std::fs::read_to_string(path).unwrap_or_default()
    }))
}

fn judge(metadata: &Metadata, read: impl Fn(&str) -> String) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let ours = package.dependencies.iter().filter(|it| it.path.is_some());
        for dependency in ours.filter(|it| !is_allowed(package, it)) {
            let manifest = read(&package.manifest_path);
            let line = manifest
                .lines()
                .position(|line| line.trim_start().starts_with(&dependency.name))
                .map_or(1, |at| at + 1);
            let file = package
                .manifest_path
                .trim_start_matches(&metadata.workspace_root)
                .trim_start_matches('/');
            let what = format!("{} may not depend on {}", package.name, dependency.name);
            findings.push(Finding::new(file, line, what));
        }
    }
    findings
}

fn is_allowed(package: &Package, dependency: &Dependency) -> bool {
    let is_dev = dependency.kind.as_deref() == Some("dev");
    ARROWS
        .iter()
        .any(|arrow| arrow.from == package.name && arrow.to == dependency.name && (is_dev || !arrow.dev_only))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(from: &str, to: &str, kind: &str) -> Vec<Finding> {
        let metadata = format!(
            r#"{{"workspace_root":"/r","packages":[{{"name":"{from}","manifest_path":"/r/x/Cargo.toml",
                "dependencies":[{{"name":"{to}","kind":{kind},"path":"/r/y"}}]}}]}}"#
        );
        judge(&serde_json::from_str(&metadata).unwrap(), |_| {
            format!("[dependencies]\n{to}.workspace = true\n")
        })
    }

    #[test]
    fn the_suite_never_depends_on_the_proxy() {
        for kind in ["null", r#""dev""#, r#""build""#] {
            let found = findings("reloadspec", "reloadspec-proxy", kind);
            assert_eq!(
                found,
                [Finding::new(
                    "x/Cargo.toml",
                    2,
                    "reloadspec may not depend on reloadspec-proxy"
                )]
            );
        }
    }

    #[test]
    fn the_proxy_uses_fixtures_in_tests_only() {
        assert_eq!(
            findings("reloadspec-proxy", "reloadspec-fixtures", r#""dev""#),
            []
        );
        assert_eq!(
            findings("reloadspec-proxy", "reloadspec-fixtures", "null").len(),
            1
        );
    }

    #[test]
    fn tasks_link_nothing_of_ours() {
        assert_eq!(findings("xtask", "reloadspec", "null").len(), 1);
    }
}
