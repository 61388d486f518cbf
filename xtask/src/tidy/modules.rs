//! Arrows between modules of a crate, as docs/architecture.md draws them.

use super::paths::{self, Named};
use super::{Finding, Source};

/// What a module of a crate may not name.
struct Rule {
    /// The crate's folder.
    krate: &'static str,
    /// The module.
    module: &'static str,
    limit: Limit,
    /// Why not.
    because: &'static str,
}

/// What is out of bounds.
enum Limit {
    /// Anything of the crate, but itself and these modules.
    Only(&'static [&'static str]),
    /// Paths that begin like this.
    Not(&'static [&'static str]),
}

const RULES: [Rule; 8] = [
    Rule {
        krate: "proxy",
        module: "config",
        limit: Limit::Not(&[
            "tokio",
            "std::fs",
            "std::time::Instant",
            "std::time::SystemTime",
            "std::net::TcpListener",
        ]),
        because: "what a configuration means depends on its text alone: no runtime, no file, no clock",
    },
    Rule {
        krate: "proxy",
        module: "config",
        limit: Limit::Not(&[
            "crate::runtime",
            "crate::reload",
            "crate::supervisor",
            "crate::admin",
        ]),
        because: "configuration is read before anything runs by it",
    },
    Rule {
        krate: "proxy",
        module: "model",
        limit: Limit::Not(&[
            "tokio",
            "std::fs",
            "std::time::Instant",
            "crate::runtime",
            "crate::reload",
        ]),
        because: "the model is what is valid, and nothing else",
    },
    Rule {
        krate: "proxy",
        module: "runtime",
        limit: Limit::Not(&[
            "crate::config",
            "crate::reload",
            "crate::supervisor",
            "crate::admin",
        ]),
        because: "what serves knows no file format and no reload",
    },
    Rule {
        krate: "proxy",
        module: "reload",
        limit: Limit::Not(&["crate::supervisor", "crate::admin"]),
        because: "a reload is done to the process, which calls it",
    },
    Rule {
        krate: "conformance",
        module: "vocabulary",
        limit: Limit::Only(&[]),
        because: "the words come first",
    },
    Rule {
        krate: "conformance",
        module: "judge",
        limit: Limit::Only(&["vocabulary"]),
        because: "a recorded timeline must be judged as a fresh one",
    },
    Rule {
        krate: "conformance",
        module: "report",
        limit: Limit::Only(&["vocabulary"]),
        because: "a report says what was judged, and decides nothing",
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
        let is_broken = match self.limit {
            Limit::Not(starts) => starts.iter().any(|start| begins_with(&joined, start)),
            Limit::Only(modules) => match &path.segments[..] {
                [root, module, ..] if root == "crate" => {
                    module != self.module && !modules.contains(&module.as_str())
                }
                _ => false,
            },
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
