//! Beginning a child, and copying a binary, without one in the way of the other.
//!
//! A child holds copies of all descriptors from its fork until its exec, also of the one through which another case is just writing
//! a copy of its binary; and Linux refuses to run what somebody holds open for writing (ETXTBSY, execve(2)).

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{PoisonError, RwLock};

/// Shared by whoever forks, exclusive to who writes a binary.
static FORKS: RwLock<()> = RwLock::new(());

/// Starts a child. Once this returns, it has come past its exec.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let _forking = FORKS.read().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Copies a binary. Once this returns, nobody has the copy open.
pub(crate) fn copy_binary(from: &Path, to: &Path) -> io::Result<()> {
    let _writing = FORKS.write().unwrap_or_else(PoisonError::into_inner);
    fs::copy(from, to).map(drop)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_copy_can_be_run_at_once_while_others_start_children() {
        let folder = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for part in 0..4 {
                let folder = folder.path();
                scope.spawn(move || {
                    for round in 0..25 {
                        let copy = folder.join(format!("true-{part}-{round}"));
                        copy_binary(Path::new("/bin/true"), &copy).unwrap();
                        let mut child = spawn(&mut Command::new(&copy)).unwrap();
                        assert!(child.wait().unwrap().success());
                    }
                });
            }
        });
    }
}
