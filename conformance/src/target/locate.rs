//! Finds a target's binary, its version and its digest.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;
use sha2::{Digest, Sha256};

use super::Locate;
use super::error::TargetError;
use super::spawn::spawn;
use super::spec::Binary;

/// How long a binary may take to say its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// The binary that was asked for, or the one that is found.
pub(super) fn binary(spec: &Binary, options: &Locate) -> Result<Option<PathBuf>, TargetError> {
    if let Some(asked) = &options.binary {
        return runnable(asked).map(Some);
    }
    let peers = options.peers.clone().into_iter();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beyond = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let found = peers
        .chain(std::env::split_paths(&path))
        .chain(beyond)
        .map(|folder| folder.join(&spec.name))
        .find(|candidate| runnable(candidate).is_ok());
    Ok(found)
}

fn runnable(path: &Path) -> Result<PathBuf, TargetError> {
    let no = |message: &str| TargetError::Binary {
        path: path.to_path_buf(),
        message: message.to_owned(),
    };
    let metadata = fs::metadata(path).map_err(|error| no(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(no("it is not a file"));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(no("it is not executable"));
    }
    Ok(path.to_path_buf())
}

/// What the binary says of its version, if it does.
pub(super) fn version(spec: &Binary, binary: &Path) -> Option<String> {
    let pattern = Regex::new(spec.version_pattern.as_deref()?).ok()?;
    let mut command = Command::new(binary);
    command
        .args(&spec.version_args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = spawn(&mut command).ok()?;
    let deadline = Instant::now() + VERSION_TIMEOUT;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() >= deadline {
            // It may have ended meanwhile, which is as well.
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut said = String::new();
    // What is not text has no version in it.
    let _ = child.stdout.take()?.read_to_string(&mut said);
    let _ = child.stderr.take()?.read_to_string(&mut said);
    let groups = pattern.captures(&said)?;
    groups
        .get(1)
        .or_else(|| groups.get(0))
        .map(|group| group.as_str().to_owned())
}

/// The SHA-256 of the binary, in hexadecimal.
pub(super) fn sha256(binary: &Path) -> io::Result<String> {
    use std::fmt::Write as _;
    let mut file = fs::File::open(binary)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
