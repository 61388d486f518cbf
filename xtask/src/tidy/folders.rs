//! Rules on folders: what a target folder holds, that the reference has no deviation, how decisions are numbered.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Source};

/// Folders whose folders are targets.
const TARGETS: [&str; 2] = ["conformance/targets/", "fixtures/targets/"];

/// What each of them holds.
const HOLDS: [&str; 3] = ["target.toml", "README.md", "deviations.toml"];

/// The reference proxy has nothing to be excused.
const EXCUSES: &str = "conformance/targets/reference/deviations.toml";

const DECISIONS: &str = "docs/decisions/";

/// Checks what lies where.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = incomplete_targets(sources);
    findings.extend(excuses(sources));
    findings.extend(decisions(sources));
    findings
}

fn incomplete_targets(sources: &[Source]) -> Vec<Finding> {
    let paths: BTreeSet<_> = sources.iter().map(|source| source.path.as_str()).collect();
    let folders: BTreeSet<_> = paths
        .iter()
        .filter_map(|path| {
            let root = TARGETS.iter().find(|root| path.starts_with(**root))?;
            let (name, _) = path[root.len()..].split_once('/')?;
            Some(format!("{root}{name}"))
        })
        .collect();
    let wanted = folders
        .iter()
        .flat_map(|folder| HOLDS.iter().map(move |file| format!("{folder}/{file}")));
    wanted
        .filter(|path| !paths.contains(path.as_str()))
        .map(|path| Finding::new(&path, 1, "every target folder has one, and this one is missing"))
        .collect()
}

fn excuses(sources: &[Source]) -> Vec<Finding> {
    let Some(source) = sources.iter().find(|source| source.path == EXCUSES) else {
        return Vec::new();
    };
    source
        .lines()
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(number, _)| {
            Finding::new(
                EXCUSES,
                number,
                "the reference has no deviations: put the proxy right",
            )
        })
        .collect()
}

fn decisions(sources: &[Source]) -> Vec<Finding> {
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    let files = sources.iter().filter_map(|source| {
        let name = source.path.strip_prefix(DECISIONS)?;
        (source.has_extension("md") && name != "README.md").then_some((source.path.as_str(), name))
    });
    for (path, name) in files {
        let number = name.split('-').next().unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            findings.push(Finding::new(path, 1, "a decision's file begins with its number"));
        } else if let Some(other) = numbers.insert(number, path) {
            let what = format!("its number, {number}, is also that of {other}");
            findings.push(Finding::new(path, 1, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Vec<Source> {
        let source = |(path, text): &(&str, &str)| Source {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        files.iter().map(source).collect()
    }

    #[test]
    fn a_target_folder_is_complete() {
        let found = incomplete_targets(&sources(&[
            ("conformance/targets/a/target.toml", ""),
            ("conformance/targets/a/README.md", ""),
        ]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, "conformance/targets/a/deviations.toml");
    }

    #[test]
    fn the_reference_is_excused_nothing() {
        assert_eq!(excuses(&sources(&[(EXCUSES, "# none, ever\n\n")])), []);
        let found = excuses(&sources(&[(EXCUSES, "# none\n[[deviation]]\ncase = \"x\"\n")]));
        assert_eq!(found.iter().map(|it| it.line).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn decisions_are_numbered_once() {
        let found = decisions(&sources(&[
            ("docs/decisions/0001-a.md", ""),
            ("docs/decisions/0001-b.md", ""),
            ("docs/decisions/0002-c.md", ""),
            ("docs/decisions/d.md", ""),
            ("docs/decisions/README.md", ""),
        ]));
        assert_eq!(
            found.iter().map(|it| it.file.as_str()).collect::<Vec<_>>(),
            ["docs/decisions/0001-b.md", "docs/decisions/d.md"]
        );
    }
}
