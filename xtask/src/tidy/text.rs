//! Rules on the text of files: length, things left undone, lints allowed, traces of somebody's machine.

use super::{Finding, Source};

/// Longer Rust files need a reason here.
const LINES_MAX: usize = 400;

/// Files that are longer, each with its reason.
const LONG_FILES: [(&str, &str); 1] = [(
    "fixtures/src/faulty/fault.rs",
    "a list of all faults, two lines each, which is read as one",
)];

/// What Rust code may not say. Written in halves, so that this file does not say it.
const NOT_IN_RUST: [(&str, &str); 7] = [
    (concat!("TO", "DO"), "finish it, or open an issue and name it"),
    (concat!("FIX", "ME"), "put it right"),
    (concat!("to", "do!("), "finish it"),
    (concat!("unimplement", "ed!("), "finish it"),
    (concat!("#[ig", "nore"), "a test that is not run proves nothing"),
    (
        concat!("#[al", "low("),
        "expect a lint, with a reason, instead of allowing it",
    ),
    (
        concat!("#![al", "low("),
        "expect a lint, with a reason, instead of allowing it",
    ),
];

/// What no file may say.
const NOWHERE: [(&str, &str); 8] = [
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/Us", "ers/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/tmp/", "target"), "a path of one machine"),
    (concat!("pypi", ".org"), "name the package, not the host"),
    (concat!("pythonhosted", ".org"), "name the package, not the host"),
    (concat!("registry.", "npmjs"), "name the package, not the host"),
];

/// Checks every file.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let rust = sources.iter().filter(|source| source.is_rust());
    let mut findings: Vec<_> = rust.clone().filter_map(too_long).collect();
    findings.extend(rust.flat_map(|source| said(source, &NOT_IN_RUST)));
    findings.extend(sources.iter().flat_map(|source| said(source, &NOWHERE)));
    findings.extend(LONG_FILES.iter().filter_map(|(path, _)| {
        let source = sources.iter().find(|source| source.path == *path)?;
        let is_long = source.text.lines().count() > LINES_MAX;
        (!is_long).then(|| Finding::new(path, 1, "listed as a long file, and is none"))
    }));
    findings
}

fn too_long(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let is_listed = LONG_FILES.iter().any(|(path, _)| *path == source.path);
    (lines > LINES_MAX && !is_listed).then(|| {
        let what = format!("{lines} lines: split it, or list it with a reason in xtask/src/tidy/text.rs");
        Finding::new(&source.path, LINES_MAX + 1, what)
    })
}

fn said(source: &Source, words: &[(&str, &str)]) -> Vec<Finding> {
    let said = |(number, line): (usize, &str)| {
        let word = words.iter().find(|(word, _)| line.contains(word));
        word.map(|(word, advice)| Finding::new(&source.path, number, format!("`{word}`: {advice}")))
    };
    source.lines().filter_map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<Finding> {
        check(&[Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(findings("a.rs", &"\n".repeat(LINES_MAX)), []);
        let found = findings("a.rs", &"\n".repeat(LINES_MAX + 1));
        assert_eq!((found.len(), found[0].line), (1, LINES_MAX + 1));
        assert_eq!(findings("a.md", &"\n".repeat(LINES_MAX + 1)), []);
    }

    #[test]
    fn every_forbidden_word_is_found_with_its_line() {
        for (word, _) in NOT_IN_RUST {
            let found = findings("a.rs", &format!("fn f() {{}}\n  {word}\n"));
            assert_eq!((found.len(), found[0].line), (1, 2), "{word}");
            assert_eq!(findings("a.md", word), [], "{word}");
        }
        for (word, _) in NOWHERE {
            assert_eq!(findings("a.md", word).len(), 1, "{word}");
        }
    }

    #[test]
    fn ordinary_text_passes() {
        let text = "#[expect(lint, reason = \"r\")]\nfn workload() { network(\"https://docs.rs\") }\n";
        assert_eq!(findings("a.rs", text), []);
    }
}
