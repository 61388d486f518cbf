//! What there is of a target besides its answers: files below its folder, and sockets that listen.
//!
//! In: a folder and an address that nobody else has. Out: one line a file, one a socket. Never: a question to the target itself.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use reloadspec_fixtures::origin::digest;

use super::ask::CANDIDATE;
use super::script::Driver;
use crate::target::LogSource;
use crate::vocabulary::{Event, Inspection};

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";
/// The flag of a Unix socket that listens, in `/proc/net/unix`.
const ACCEPTS: &str = "00010000";

impl Driver<'_> {
    /// Looks at files and sockets.
    pub(super) fn inspect(&mut self) {
        let Some(running) = &self.running else { return };
        let dir = running.laid.ground.dir();
        let aside = |path: &Path| {
            let is_log = |source: &LogSource| matches!(source, LogSource::File(log) if path == log);
            path.starts_with(CANDIDATE) || self.target.log_sources().iter().any(is_log)
        };
        let mut files = Vec::new();
        list(dir, dir, &aside, &mut files);
        files.sort();
        let inspection = Inspection {
            files,
            sockets: sockets(running.laid.place.listen.ip(), dir),
            at: self.recorder.now(),
        };
        self.recorder.record(Event::Inspected(inspection));
    }
}

fn list(root: &Path, folder: &Path, aside: &dyn Fn(&Path) -> bool, files: &mut Vec<String>) {
    // What cannot be read, or is gone by now, is told by its absence.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let Ok(kind) = entry.file_type() else { continue };
        if aside(relative) {
            continue;
        }
        if kind.is_dir() {
            list(root, &path, aside, files);
        } else if kind.is_file() {
            let held = fs::read(&path).map_or_else(|_| "unreadable".to_owned(), |bytes| digest(&bytes));
            files.push(format!("{} {held}", relative.display()));
        } else if kind.is_symlink() {
            let leads_to =
                fs::read_link(&path).map_or_else(|_| "?".to_owned(), |to| to.display().to_string());
            files.push(format!("{} -> {leads_to}", relative.display()));
        }
    }
}

/// Sockets that listen on an address, and Unix sockets below a folder.
fn sockets(ip: IpAddr, dir: &Path) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let mut all: Vec<String> = read("/proc/net/tcp")
        .lines()
        .filter_map(|line| tcp(line, ip))
        .collect();
    let dir = dir.display().to_string();
    all.extend(read("/proc/net/unix").lines().filter_map(|line| unix(line, &dir)));
    all.sort();
    all
}

/// `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …`, see proc(5).
fn tcp(line: &str, wanted: IpAddr) -> Option<String> {
    let mut words = line.split_whitespace().skip(1);
    let (ip, port) = words.next()?.split_once(':')?;
    let state = words.nth(1)?;
    let inode = words.nth(5)?;
    // The address stands there as it lies in memory.
    let ip = IpAddr::V4(Ipv4Addr::from(u32::from_str_radix(ip, 16).ok()?.to_ne_bytes()));
    let port = u16::from_str_radix(port, 16).ok()?;
    (state == LISTENS && ip == wanted).then(|| format!("{ip}:{port} {inode}"))
}

/// `Num RefCount Protocol Flags Type St Inode Path`.
fn unix(line: &str, dir: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, _, _, flags, _, _, inode, path] = words[..] else {
        return None;
    };
    (flags == ACCEPTS && path.starts_with(dir)).then(|| format!("{path} {inode}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn who_listens_is_seen_and_who_listens_anew_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let ip = super::super::place::free_address().unwrap();
        assert!(sockets(ip, dir.path()).is_empty());
        let path = dir.path().join("socket");
        let tcp = TcpListener::bind((ip, 8080)).unwrap();
        let unix = UnixListener::bind(&path).unwrap();
        let seen = sockets(ip, dir.path());
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(
            seen.iter()
                .any(|socket| socket.starts_with(&format!("{ip}:8080 ")))
        );
        assert!(
            seen.iter()
                .any(|socket| socket.starts_with(&path.display().to_string()))
        );
        assert_eq!(seen, sockets(ip, dir.path()));
        drop((tcp, unix));
        let _anew = TcpListener::bind((ip, 8080)).unwrap();
        let later = sockets(ip, dir.path());
        assert!(later.len() == 1 && !seen.contains(&later[0]), "{later:?}");
    }

    #[test]
    fn files_are_told_by_what_they_hold_and_some_are_left_aside() {
        let dir = tempfile::tempdir().unwrap();
        let look = || {
            let mut files = Vec::new();
            list(
                dir.path(),
                dir.path(),
                &|path| path.starts_with("candidate"),
                &mut files,
            );
            files.sort();
            files
        };
        fs::create_dir(dir.path().join("candidate")).unwrap();
        fs::create_dir(dir.path().join("conf")).unwrap();
        fs::write(dir.path().join("candidate/a"), "aside").unwrap();
        fs::write(dir.path().join("conf/b"), "one").unwrap();
        std::os::unix::fs::symlink("b", dir.path().join("conf/c")).unwrap();
        let before = look();
        assert_eq!(before.len(), 2);
        assert_eq!(before[1], "conf/c -> b");
        fs::write(dir.path().join("conf/b"), "one").unwrap();
        assert_eq!(look(), before, "the same content is the same file");
        fs::write(dir.path().join("conf/b"), "two").unwrap();
        assert_ne!(look(), before);
    }
}
