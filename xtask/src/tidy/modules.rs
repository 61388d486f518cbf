//! Arrows between modules of a crate: which may use which, and what a pure one may not touch.

use super::paths::{self, Named};
use super::{Finding, Source};

/// What a module of a crate may name.
struct Rule {
    /// The crate's folder.
    krate: &'static str,
    /// The module.
    module: &'static str,
    /// Besides itself, all that it may use of its crate.
    only: &'static [&'static str],
    /// Beginnings of paths of other crates that it may not use.
    not: &'static [&'static str],
    /// Why.
    because: &'static str,
}

/// The world: what a function of values alone has no need of.
const WORLD: &[&str] = &[
    "tokio",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread::sleep",
    "std::thread::spawn",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::net::TcpListener",
    "std::net::TcpStream",
];

const RULES: [Rule; 14] = [
    Rule {
        krate: "proxy",
        module: "model",
        only: &[],
        not: WORLD,
        because: "the model is what is valid, and nothing else",
    },
    Rule {
        krate: "proxy",
        module: "config",
        only: &["model", "pace", "tls"],
        not: WORLD,
        because: "what a configuration means depends on its text alone",
    },
    Rule {
        krate: "proxy",
        module: "tls",
        only: &["model"],
        not: WORLD,
        because: "whether a certificate is good does not depend on who reads or shows it",
    },
    Rule {
        krate: "proxy",
        module: "runtime",
        only: &["model"],
        not: &[],
        because: "what serves knows no file format and no reload",
    },
    Rule {
        krate: "proxy",
        module: "reload",
        only: &["config", "log", "model", "pace", "runtime", "tls"],
        not: &["std::fs"],
        because: "a reload is given its bytes, and knows nobody who asks for one",
    },
    Rule {
        krate: "proxy",
        module: "source",
        only: &["config", "pace", "reload"],
        not: &[],
        because: "a source makes candidates, and decides nothing about them",
    },
    Rule {
        krate: "proxy",
        module: "order",
        only: &["reload"],
        not: &["tokio", "std::fs"],
        because: "a wish is data, and the supervisor fulfils it",
    },
    Rule {
        krate: "proxy",
        module: "metrics",
        only: &["config", "model", "reload", "runtime"],
        not: &["tokio", "std::fs"],
        because: "metrics count what others did",
    },
    Rule {
        krate: "proxy",
        module: "admin",
        only: &[
            "config", "metrics", "model", "order", "reload", "runtime", "source",
        ],
        not: &[],
        because: "the admin API reads, and asks the supervisor for what it wants changed",
    },
    Rule {
        krate: "conformance",
        module: "vocabulary",
        only: &[],
        not: WORLD,
        because: "the words come first",
    },
    Rule {
        krate: "conformance",
        module: "catalogue",
        only: &["vocabulary"],
        not: WORLD,
        because: "a case is data",
    },
    Rule {
        krate: "conformance",
        module: "judge",
        only: &["vocabulary"],
        not: WORLD,
        because: "a recorded timeline must be judged as a fresh one",
    },
    Rule {
        krate: "conformance",
        module: "report",
        only: &["vocabulary"],
        not: &["tokio"],
        because: "a report says what was judged, and decides nothing",
    },
    Rule {
        krate: "conformance",
        module: "drive",
        only: &["target", "vocabulary"],
        not: &[],
        because: "a driver records what it sees, and decides no verdict",
    },
];

/// Checks every file of every module that there is a rule for.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| source.is_rust())
        .flat_map(check_one)
        .collect()
}

fn check_one(source: &Source) -> Vec<Finding> {
    let Some((krate, file)) = source.path.split_once("/src/") else {
        return Vec::new();
    };
    let module = paths::module_of(file);
    if module.last().is_some_and(|last| last == "tests") {
        return Vec::new();
    }
    let rules: Vec<_> = RULES
        .iter()
        .filter(|rule| rule.krate == krate && module.get(1).is_some_and(|it| it == rule.module))
        .collect();
    if rules.is_empty() {
        return Vec::new();
    }
    match paths::named(&source.text, &module) {
        Ok(named) => rules
            .iter()
            .flat_map(|rule| named.iter().filter_map(|path| rule.broken_by(source, path)))
            .collect(),
        Err(error) => vec![Finding::new(
            &source.path,
            1,
            format!("failed to read it: {error}"),
        )],
    }
}

impl Rule {
    fn broken_by(&self, source: &Source, path: &Named) -> Option<Finding> {
        let joined = path.segments.join("::");
        let is_broken = match &path.segments[..] {
            [root, module, ..] if root == "crate" => {
                module != self.module && !self.only.contains(&module.as_str())
            }
            _ => self.not.iter().any(|start| begins_with(&joined, start)),
        };
        is_broken.then(|| {
            let what = format!("`{}` may not use `{joined}`: {}", self.module, self.because);
            Finding::new(&source.path, path.line, what)
        })
    }
}

/// Whether a path is another one, or lies within it.
fn begins_with(path: &str, start: &str) -> bool {
    path.strip_prefix(start)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&[source]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn config_and_runtime_never_meet() {
        let there = findings("proxy/src/config/a.rs", "\nuse crate::runtime::Table;");
        assert!(
            there[0].starts_with("proxy/src/config/a.rs:2: `config` may not use `crate::runtime::Table`"),
            "{there:?}"
        );
        assert_eq!(
            findings("proxy/src/runtime/mod.rs", "use crate::{config::X, model::Y};").len(),
            1
        );
        assert_eq!(
            findings("proxy/src/reload/mod.rs", "use crate::{config::X, runtime::Y};"),
            [""; 0]
        );
    }

    #[test]
    fn config_is_pure() {
        for impure in [
            "use tokio::fs;",
            "fn f() { std::fs::read(p); }",
            "use std::time::{Duration, Instant};",
        ] {
            assert_eq!(findings("proxy/src/config/x/y.rs", impure).len(), 1, "{impure}");
        }
        for pure in [
            "use std::time::Duration;",
            "use std::fmt;",
            "use tokio_like::x;",
            "#[cfg(test)] mod tests { use std::fs; }",
        ] {
            assert_eq!(findings("proxy/src/config/x/y.rs", pure), [""; 0], "{pure}");
        }
    }

    #[test]
    fn the_judge_uses_the_vocabulary_and_itself_only() {
        let judge = "conformance/src/judge/checks/burst.rs";
        assert_eq!(
            findings(
                judge,
                "use crate::drive::Driver;\nuse super::super::super::target::T;"
            )
            .len(),
            2
        );
        assert_eq!(
            findings(
                judge,
                "use crate::vocabulary::Case;\nuse super::super::view::View;\nuse std::fmt;"
            ),
            [""; 0]
        );
    }
}
