//! Relative links in Markdown lead somewhere.

use std::path::Path;

use super::{Finding, Source};
use crate::workspace::Workspace;

/// Checks every Markdown file.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Finding> {
    let markdown = sources.iter().filter(|source| source.has_extension("md"));
    markdown
        .flat_map(|source| broken(source, |path| workspace.path(path).exists()))
        .collect()
}

fn broken(source: &Source, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let folder = Path::new(&source.path).parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    let mut in_code = false;
    for (number, line) in source.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for link in links(line).filter(|link| is_relative(link)) {
            let file = link.split('#').next().unwrap_or_default();
            let path = folder.join(file);
            if !file.is_empty() && !exists(&path.to_string_lossy()) {
                let what = format!("the link to {link} leads nowhere");
                findings.push(Finding::new(&source.path, number, what));
            }
        }
    }
    findings
}

/// What stands in `](…)` or after `]: ` on a line, outside of `code`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let prose = line.split('`').step_by(2);
    prose.flat_map(|text| {
        let inline = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', ' ']).next());
        let reference = text
            .trim_start()
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
            .map(|(_, link)| link.trim());
        inline.chain(reference)
    })
}

fn is_relative(link: &str) -> bool {
    !(link.contains("://") || link.starts_with("mailto:") || link.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<(usize, String)> {
        let source = Source {
            path: "docs/a.md".to_owned(),
            text: text.to_owned(),
        };
        let found = broken(&source, |path| path == "docs/there.md");
        found.into_iter().map(|it| (it.line, it.what)).collect()
    }

    #[test]
    fn a_link_to_nowhere_is_found() {
        let found = findings("x [a](there.md) [b](there.md#part)\n[c](gone.md) and\n[d]: gone.md\n");
        assert_eq!(found.iter().map(|it| it.0).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn code_and_other_sites_are_left_alone() {
        let text = "[a](https://example.org) [b](#here) `[c](gone.md)`\n```\n[d](gone.md)\n```\n";
        assert_eq!(findings(text), []);
    }
}
