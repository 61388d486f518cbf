//! The way from a path to its file: every symbolic link on it, and the directories that have to be watched to see it change.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use super::gather::Tracked;
use super::include::Searched;

/// What the ways of some paths depend on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hops {
    /// Directories to watch, with what they are now. None if that is in doubt.
    pub(super) directories: BTreeMap<PathBuf, Option<Identity>>,
    /// The names whose change leads elsewhere: the links on the way, and the file.
    pub(super) names: BTreeSet<PathBuf>,
    /// Where ways end, which need not exist, and which paths lead there.
    pub(super) files: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Folders of which each name that matches is concerned.
    pub(super) searched: Vec<Searched>,
}

/// What tells a directory from another of the same name. An inode alone does not: its number is given out again, often at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    /// None where the file system does not know.
    born: Option<SystemTime>,
}

/// More links than this are a loop; Linux gives up there too.
const LINK_LIMIT: usize = 40;

/// Follows all that a configuration depends on.
pub(super) fn follow(tracked: &Tracked) -> Hops {
    let mut hops = Hops::default();
    for path in &tracked.files {
        let file = hops.follow(path);
        hops.files.entry(file).or_default().push(path.clone());
    }
    for searched in &tracked.searched {
        // What stands in a folder is asked for: the folder itself is where the way of any name in it ends.
        let name = hops.follow(&searched.folder.join("*"));
        hops.names.remove(&name);
        if let Some(folder) = name.parent() {
            let folder = folder.to_owned();
            hops.searched.push(Searched {
                folder,
                ..searched.clone()
            });
        }
    }
    hops
}

/// Where the way of a path ends.
pub(super) fn end_of(path: &Path) -> PathBuf {
    Hops::default().follow(path)
}

/// The components of a path below the root, the last first.
fn parts(path: &Path) -> Vec<OsString> {
    let named = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        _ => None,
    });
    named.collect()
}

// === impl Hops ===

impl Hops {
    /// Adds the way of a path, and tells where it ends.
    fn follow(&mut self, path: &Path) -> PathBuf {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut ahead: Vec<OsString> = parts(&absolute);
        let mut at = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&part);
            match std::fs::read_link(&next) {
                Ok(target) if links < LINK_LIMIT => {
                    links += 1;
                    self.watch(&at);
                    self.names.insert(next);
                    ahead.extend(parts(&target));
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                }
                _ => at = next,
            }
        }
        if let Some(directory) = at.parent() {
            self.watch(directory);
            self.names.insert(directory.to_owned());
            // The directory itself may be replaced.
            if let Some(above) = directory.parent() {
                self.watch(above);
            }
        }
        self.names.insert(at.clone());
        at
    }

    fn watch(&mut self, directory: &Path) {
        if self.directories.contains_key(directory) {
            return;
        }
        if let Ok(metadata) = std::fs::metadata(directory) {
            let identity = Identity {
                device: metadata.dev(),
                inode: metadata.ino(),
                born: metadata.created().ok(),
            };
            self.directories.insert(directory.to_owned(), Some(identity));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_link_on_the_way_is_a_hop() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().canonicalize().expect("its path");
        std::fs::create_dir_all(root.join("v1")).expect("a directory");
        std::fs::write(root.join("v1/proxy.yaml"), "").expect("a file");
        symlink("v1", root.join("..data")).expect("a link");
        symlink("..data/proxy.yaml", root.join("proxy.yaml")).expect("a link");
        let hops = follow(&Tracked {
            files: vec![root.join("proxy.yaml")],
            searched: Vec::new(),
        });
        assert!(hops.files.contains_key(&root.join("v1/proxy.yaml")));
        assert!(hops.names.contains(&root.join("..data")) && hops.names.contains(&root.join("proxy.yaml")));
        assert!(hops.directories.contains_key(&root) && hops.directories.contains_key(&root.join("v1")));
    }

    #[test]
    fn a_loop_of_links_ends() {
        let root = tempfile::tempdir().expect("a directory");
        symlink("b", root.path().join("a")).expect("a link");
        symlink("a", root.path().join("b")).expect("a link");
        end_of(&root.path().join("a"));
    }
}
