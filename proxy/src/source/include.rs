//! Which files an include means: a path, or a pattern whose parts match names one by one.
//!
//! In: a folder and what the author wrote. Out: paths in the order of their bytes, and the folders that were searched, because a file that
//! comes or goes there changes the answer. It follows symbolic links as any path does, and never looks into a file.

use std::io;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

/// What an include comes to.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    pub(super) files: Vec<PathBuf>,
    pub(super) searched: Vec<Searched>,
    /// Whether it is a pattern, which may match nothing.
    pub(super) is_pattern: bool,
}

/// A folder that was searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Searched {
    pub(super) folder: PathBuf,
    pub(super) pattern: Pattern,
    /// Whether what matches is a file to read, and not a folder to search.
    pub(super) is_last: bool,
}

/// A pattern that is none.
pub(super) type BadPattern = glob::PatternError;

/// Names that begin with a dot are somebody's private files: editors keep unfinished things there, and Kubernetes its `..data`.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// What went wrong in a search.
#[derive(Debug)]
pub(super) enum Unsearchable {
    Pattern(BadPattern),
    Folder(PathBuf, io::Error),
}

/// Whether a name has a mark of a pattern.
fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// Finds what `include` means, seen from `folder`. The folders that were searched are told in any case.
pub(super) fn expand(folder: &Path, include: &str) -> (Expansion, Result<(), Unsearchable>) {
    let mut expansion = Expansion {
        is_pattern: is_pattern(include),
        ..Expansion::default()
    };
    let found = search(folder, include, &mut expansion.searched);
    match found {
        Ok(files) => {
            expansion.files = files;
            (expansion, Ok(()))
        }
        Err(error) => (expansion, Err(error)),
    }
}

fn search(folder: &Path, include: &str, searched: &mut Vec<Searched>) -> Result<Vec<PathBuf>, Unsearchable> {
    if !is_pattern(include) {
        return Ok(vec![folder.join(include)]);
    }
    let parts: Vec<Component<'_>> = Path::new(include).components().collect();
    let mut found = vec![folder.to_owned()];
    for (position, part) in parts.iter().enumerate() {
        let name = part.as_os_str();
        let Some(text) = name.to_str().filter(|text| is_pattern(text)) else {
            // An absolute path begins anew.
            for path in &mut found {
                path.push(name);
            }
            continue;
        };
        let pattern = Pattern::new(text).map_err(Unsearchable::Pattern)?;
        let is_last = position + 1 == parts.len();
        let mut matched = Vec::new();
        for folder in found {
            let folder = if folder.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                folder
            };
            searched.push(Searched {
                folder: folder.clone(),
                pattern: pattern.clone(),
                is_last,
            });
            // Below a pattern, what is no folder is no part of the answer; before it, a folder that is missing is a mistake.
            let is_named = searched.len() == 1;
            match list(&folder, &pattern) {
                Ok(names) => matched.extend(names),
                Err(error) if is_named => return Err(Unsearchable::Folder(folder, error)),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotADirectory | io::ErrorKind::NotFound
                    ) => {}
                Err(error) => return Err(Unsearchable::Folder(folder, error)),
            }
        }
        found = matched;
    }
    // What follows a pattern need not be there.
    if parts
        .last()
        .is_some_and(|last| !last.as_os_str().to_str().is_some_and(is_pattern))
    {
        found.retain(|path| path.symlink_metadata().is_ok());
    }
    Ok(found)
}

fn list(folder: &Path, pattern: &Pattern) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name
            .to_str()
            .is_some_and(|name| pattern.matches_with(name, OPTIONS))
        {
            names.push(folder.join(name));
        }
    }
    names.sort();
    Ok(names)
}

// === impl Searched ===

impl Searched {
    /// Whether a name in this folder would be part of the answer.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.pattern.matches_with(name, OPTIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(include: &str) -> Result<Vec<String>, String> {
        let root = tempfile::tempdir().expect("a folder");
        for name in [
            "b.yaml",
            "a.yaml",
            ".a.yaml.swp",
            ".hidden.yaml",
            "c.yml",
            "x/one.yaml",
            "y/one.yaml",
            "y/two.yaml",
        ] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, "").expect("a file");
        }
        let (expansion, end) = expand(root.path(), include);
        end.map_err(|error| format!("{error:?}"))?;
        let name = |path: &PathBuf| {
            let name = path.strip_prefix(root.path()).unwrap_or(path);
            name.display().to_string()
        };
        Ok(expansion.files.iter().map(name).collect())
    }

    #[test]
    fn patterns_match_names_in_their_order() {
        for (include, found) in [
            ("*.yaml", vec!["a.yaml", "b.yaml"]),
            ("?.y*ml", vec!["a.yaml", "b.yaml", "c.yml"]),
            ("[!a].yaml", vec!["b.yaml"]),
            (".*.yaml", vec![".hidden.yaml"]),
            ("none.yaml", vec!["none.yaml"]),
            ("*.toml", vec![]),
            ("*/one.yaml", vec!["x/one.yaml", "y/one.yaml"]),
            ("*/two.yaml", vec!["y/two.yaml"]),
            ("y/*.yaml", vec!["y/one.yaml", "y/two.yaml"]),
            ("/none/a.yaml", vec!["/none/a.yaml"]),
        ] {
            assert_eq!(
                names(include),
                Ok(found.into_iter().map(str::to_owned).collect()),
                "{include}"
            );
        }
    }

    #[test]
    fn a_folder_that_is_named_has_to_be_there() {
        for include in ["none/*.yaml", "a.yaml/*.yaml", "[.yaml"] {
            assert!(names(include).is_err(), "{include}");
        }
    }
}
