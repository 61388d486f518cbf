//! A target folder of one's own, in a folder that the command line is called in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;

const TARGET: &str = r#"name = "own"
summary = "a target of my own"
url = "https://example.org"

[binary]
name = "no-such-proxy-anywhere"

[timing]
ready_within_ms = 3000

[[file]]
template = "config.j2"
path = "proxy.conf"
role = "config"

[start]
args = ["--config", "{{ config }}"]

[trigger]
kind = "watch"

[delivery]
patterns = ["rename_over"]

[log]
sources = ["stderr"]
applied = 'applied'
level = '^(\w+)'

[flaws]
templated = ["syntax"]
"#;

const TEMPLATE: &str = r#"listen {{ listen.host }}:{{ listen.port }}
stamp {{ stamp }} {{ credential }}
origin {{ origin.host }}:{{ origin.port }}
{% if flaw == "syntax" %}]{% endif %}
"#;

/// A case that is as good as any other.
pub(crate) const CASE: &str = "reload_is_atomic_during_concurrent_requests";

/// A folder to stand in. The target lies in `own` below it.
pub(crate) struct Own(TempDir);

impl Own {
    /// With a target to which nothing is to be said against, but that its binary is nowhere.
    pub(crate) fn target() -> Self {
        let own = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(own.path("own")).expect("a folder in it");
        own.with("own/target.toml", TARGET)
            .with("own/config.j2", TEMPLATE)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// With this file.
    pub(crate) fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
        self
    }

    /// With another text where this one stands in `target.toml`.
    pub(crate) fn but(self, old: &str, new: &str) -> Self {
        assert_eq!(TARGET.matches(old).count(), 1, "{old}");
        self.with("own/target.toml", TARGET.replace(old, new))
    }

    /// With another text where this one stands in the template.
    pub(crate) fn but_template(self, old: &str, new: &str) -> Self {
        assert_eq!(TEMPLATE.matches(old).count(), 1, "{old}");
        self.with("own/config.j2", TEMPLATE.replace(old, new))
    }

    /// With a program of this name, a shell script.
    pub(crate) fn with_program(self, name: &str, script: &str) -> Self {
        let own = self.with(name, format!("#!/bin/sh\n{script}\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(own.path(name), mode).expect("a mode");
        own
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Calls the command line in this folder.
    pub(crate) fn call(&self, arguments: &[&str]) -> Assert {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reloadspec"));
        command.current_dir(self.0.path()).env_remove("RELOADSPEC_PEERS");
        command.args(arguments).assert()
    }

    /// The target is refused, before anything is run, with this message.
    pub(crate) fn is_refused(&self, message: &str) {
        for command in ["run", "doctor"] {
            let called = self.call(&[command, "./own"]).code(64).stdout("");
            called.stderr(format!("error: {message}\n"));
        }
    }

    /// The target is taken, and all that is missing is its binary.
    pub(crate) fn is_taken(&self) {
        self.call(&["doctor", "./own"]).code(69).stderr("");
    }
}

/// What was printed.
pub(crate) fn said(called: &Assert) -> String {
    String::from_utf8_lossy(&called.get_output().stdout).into_owned()
}
