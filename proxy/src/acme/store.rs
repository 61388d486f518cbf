//! Files of the account with an authority, and of what it issued. A certificate and its key are in one file, so that one rename changes both.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use http::Uri;
use sha2::{Digest as _, Sha256};

use crate::room;
use crate::tls::Issued;

/// The folder of one authority.
#[derive(Debug, Clone)]
pub(super) struct Store(PathBuf);

const ACCOUNT: &str = "account.json";
/// For the proxy's own user alone.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

// === impl Store ===

impl Store {
    /// The folder of the authority with this directory. It is not looked at.
    pub(super) fn at(storage: &Path, directory: &str) -> Self {
        Self(storage.join(folder(directory)))
    }

    /// Makes the folder if it is not there, and says whether it was made. It can be written to, and nobody else looks into it.
    pub(super) fn open(&self) -> io::Result<bool> {
        let is_new = !self.0.is_dir();
        let made = DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(&self.0);
        let opened = made.and_then(|()| self.own()).and_then(|()| {
            self.write(".try", b"")?;
            fs::remove_file(self.0.join(".try"))
        });
        opened.map_err(|error| {
            if is_new {
                self.remove();
            }
            let message = format!("{} cannot be used: {error}", self.0.display());
            io::Error::new(error.kind(), message)
        })?;
        Ok(is_new)
    }

    /// The same, without making anything.
    pub(super) fn try_open(&self) -> io::Result<()> {
        let there = self
            .0
            .ancestors()
            .find(|folder| folder.exists())
            .unwrap_or(&self.0);
        if there == self.0 {
            self.own()?;
        }
        room::for_file(&there.join(ACCOUNT))
    }

    /// Fails if others may look into the folder, or somebody else has made it.
    fn own(&self) -> io::Result<()> {
        let facts = fs::metadata(&self.0)?;
        let is_ours = facts.uid() == rustix::process::geteuid().as_raw();
        if !is_ours || facts.mode() & 0o077 != 0 {
            let message = "it is to be of the proxy's own user, and for nobody else: mode 0700";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        Ok(())
    }

    /// Removes the folder if there is nothing in it.
    pub(super) fn remove(&self) {
        // What is there, somebody has put there.
        let _ = fs::remove_dir(&self.0);
    }

    /// What was issued for a host, if it can be used.
    pub(super) fn load(&self, host: &str) -> Option<Issued> {
        let path = self.0.join(file_of(host));
        let pem = match fs::read_to_string(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a stored certificate cannot be read; another one is ordered");
                return None;
            }
        };
        let issued = Issued::read(pem, host);
        if let Err(error) = &issued {
            tracing::warn!(path = %path.display(), %error, "a stored certificate cannot be used; another one is ordered");
        }
        issued.ok()
    }

    /// Stores what was issued for a host.
    pub(super) fn save(&self, host: &str, pem: &str) -> io::Result<()> {
        let name = file_of(host);
        if fs::read(self.0.join(&name)).is_ok_and(|there| there == pem.as_bytes()) {
            return Ok(());
        }
        self.write(&name, pem.as_bytes())
    }

    /// The account, as it was stored.
    pub(super) fn account(&self) -> Option<Vec<u8>> {
        fs::read(self.0.join(ACCOUNT)).ok()
    }

    pub(super) fn save_account(&self, account: &[u8]) -> io::Result<()> {
        self.write(ACCOUNT, account)
    }

    /// Puts a file in place, whole, and on the disk.
    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let beside = self.0.join(format!(".{name}.new"));
        // What somebody else may have put there is not written to.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(FILE_MODE);
        let mut file = options.open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, self.0.join(name))
    }
}

fn file_of(host: &str) -> String {
    format!("{host}.pem")
}

/// The name of an authority's folder: its host, and what sets it apart from others there.
fn folder(directory: &str) -> String {
    let digest = Sha256::digest(directory);
    let uri = directory.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    format!(
        "{host}-{:02x}{:02x}{:02x}{:02x}",
        digest[0], digest[1], digest[2], digest[3]
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const DIRECTORY: &str = "https://ca.example/directory";

    #[test]
    fn what_is_stored_is_there_again_and_for_nobody_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = folder.path().join("a/b");
        let store = Store::at(&storage, DIRECTORY);
        assert!(store.open().expect("a store"), "it is new");
        assert!(store.load("a.example").is_none());
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(["a.example".to_owned()]).expect("names");
        let certificate = params.self_signed(&key).expect("a certificate");
        let pem = format!("{}{}", key.serialize_pem(), certificate.pem());
        store.save("a.example", &pem).expect("a file");
        store.save("b.example", &pem).expect("a file");
        store.save_account(b"{}").expect("a file");
        let again = Store::at(&storage, DIRECTORY);
        assert!(!again.open().expect("a store"), "it was there");
        assert_eq!(again.load("a.example").expect("it").pem, pem);
        assert!(again.load("b.example").is_none(), "it is for another host");
        assert_eq!(again.account().as_deref(), Some(&b"{}"[..]));
        let other = Store::at(&storage, "https://ca.example/other");
        assert!(other.load("a.example").is_none(), "another authority");
        let mode = |path: &Path| fs::metadata(path).expect("it").permissions().mode() & 0o777;
        assert_eq!(mode(&store.0), FOLDER_MODE);
        let files: Vec<_> = fs::read_dir(&store.0)
            .expect("files")
            .map(|file| file.expect("one").path())
            .collect();
        assert_eq!(files.len(), 3, "{files:?}");
        assert!(files.iter().all(|file| mode(file) == FILE_MODE));
    }

    #[test]
    fn a_folder_that_others_look_into_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::at(folder.path(), DIRECTORY);
        fs::create_dir(&store.0).expect("a folder");
        fs::set_permissions(&store.0, fs::Permissions::from_mode(0o755)).expect("a mode");
        let error = store.open().expect_err("a refusal");
        assert!(error.to_string().contains("0700"), "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("a file");
        let error = Store::at(&file, DIRECTORY).open().expect_err("no folder");
        assert!(error.to_string().contains("file/ca.example-"), "{error}");
    }
}
