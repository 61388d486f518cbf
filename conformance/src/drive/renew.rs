//! Renewing the certificate: the files, and the word that they changed.
//!
//! In: what is to be written. Out: the files in their places, in the recorder. Never: the configuration, an opinion on what stands there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use super::client::To;
use super::error::DriveError;
use super::exchange;
use super::files;
use super::script::Driver;
use super::tls::{Authority, Given, NAME};
use super::traffic::client_to;
use super::trial::Laid;
use crate::target::{FURTHER_NAME, TlsFiles};
use crate::vocabulary::{Caller, Capability, Event, Leaf, Listener, Meddling, Renewal, Renewed};

/// Text that is no certificate.
const GARBAGE: &str = "this is no certificate\n";

/// What stands in the files of certificate and key of the process that runs.
pub(super) struct Certificates {
    authority: Authority,
    certificate: Given,
    key: Given,
    /// Where the files are links: what their folder's link leads to.
    linked: Option<u32>,
}

impl Certificates {
    fn new() -> Result<Self, DriveError> {
        let authority = Authority::new()?;
        let first = authority.give(NAME)?;
        Ok(Self {
            authority,
            certificate: first.clone(),
            key: first,
            linked: None,
        })
    }

    /// The newest certificate that can be served by what stands there.
    fn newest(&self) -> Leaf {
        self.certificate.leaf.min(self.key.leaf)
    }

    /// Writes files, and tells which certificate stands there then, and whose key.
    fn write(
        &mut self,
        files: &TlsFiles,
        renewal: Renewal,
    ) -> Result<(Option<Leaf>, Option<Leaf>), DriveError> {
        let mut key = self.key.clone();
        let mut bad = None;
        match renewal {
            Renewal::Pair => {
                self.certificate = self.authority.give(NAME)?;
                key = self.certificate.clone();
                self.key = key.clone();
            }
            Renewal::Certificate => {
                let is_behind = self.key.leaf > self.certificate.leaf;
                self.certificate = if is_behind {
                    self.key.clone()
                } else {
                    self.authority.give(NAME)?
                };
            }
            Renewal::Key => {
                let is_behind = self.certificate.leaf > self.key.leaf;
                self.key = if is_behind {
                    self.certificate.clone()
                } else {
                    self.authority.give(NAME)?
                };
                key = self.key.clone();
            }
            Renewal::Garbage => bad = Some(GARBAGE.to_owned()),
            Renewal::Truncated => {
                let text = self.authority.give(NAME)?.certificate;
                bad = Some(text[..text.len() / 2].to_owned());
            }
            Renewal::ForeignKey => key = self.authority.give(NAME)?,
        }
        let shown = bad.is_none().then_some(self.certificate.leaf);
        let certificate = bad.unwrap_or_else(|| self.certificate.certificate.clone());
        if let Some(version) = &mut self.linked {
            *version += 1;
            swap_folder(files, *version, &certificate, &key.key)?;
        } else if files.are_joined() {
            rename_over(files, &files.certificate, &(certificate + &key.key))?;
        } else {
            // Both, where it is not one alone that changes: what stood there may have been bad.
            if renewal != Renewal::Key {
                rename_over(files, &files.certificate, &certificate)?;
            }
            if renewal != Renewal::Certificate {
                rename_over(files, &files.key, &key.key)?;
            }
        }
        Ok((shown, Some(key.leaf)))
    }
}

fn rename_over(files: &TlsFiles, path: &Path, content: &str) -> Result<(), DriveError> {
    let beside = files.certificate.with_extension("new");
    files::write(&beside, content.as_bytes())?;
    fs::rename(&beside, path).map_err(DriveError::file("rename", &beside))
}

/// Certificate and key, each in its file.
fn put(files: &TlsFiles, certificate: &str, key: &str) -> Result<(), DriveError> {
    if files.are_joined() {
        return rename_over(files, &files.certificate, &format!("{certificate}{key}"));
    }
    rename_over(files, &files.certificate, certificate)?;
    rename_over(files, &files.key, key)
}

/// The link to the folder that the files are in, beside them.
const DATA: &str = "..data";

/// Puts them into a folder of their own, swaps the link for one to that, and removes the folder before, as a kubelet does.
fn swap_folder(files: &TlsFiles, version: u32, certificate: &str, key: &str) -> Result<(), DriveError> {
    let parent = files.certificate.parent().unwrap_or(Path::new("/"));
    let folder = |version: u32| format!("..v{version}");
    let next = parent.join(folder(version));
    files::open_folder(parent, &next)?;
    let within = |file: &Path| next.join(file.file_name().unwrap_or_default());
    let inner = TlsFiles {
        certificate: within(&files.certificate),
        key: within(&files.key),
    };
    put(&inner, certificate, key)?;
    let beside = parent.join("..data_tmp");
    symlink(folder(version), &beside).map_err(DriveError::file("link", &beside))?;
    fs::rename(&beside, parent.join(DATA)).map_err(DriveError::file("rename", &beside))?;
    if let Some(last) = version.checked_sub(1) {
        let last = parent.join(folder(last));
        fs::remove_dir_all(&last).map_err(DriveError::file("remove", &last))?;
    }
    Ok(())
}

/// Makes the files links through that link.
fn link_through(files: &TlsFiles) -> Result<(), DriveError> {
    let mut links = vec![&files.certificate, &files.key];
    links.dedup();
    for link in links {
        let name = Path::new(link.file_name().unwrap_or_default());
        symlink(Path::new(DATA).join(name), link).map_err(DriveError::file("link", link))?;
    }
    Ok(())
}

impl Driver<'_> {
    /// Lays the certificate that a process starts on, where it serves by TLS.
    pub(super) fn lay_certificate(&mut self, laid: &Laid) -> Result<(), DriveError> {
        let files = self
            .target
            .tls_files(&laid.place)
            .filter(|_| self.layout.is_by_tls());
        let Some(files) = files else { return Ok(()) };
        if let Some(folder) = files.certificate.parent() {
            files::open_folder(laid.ground.dir(), folder)?;
        }
        let mut certificates = Certificates::new()?;
        let Given { certificate, key, .. } = &certificates.key;
        if self.layout.linked {
            certificates.linked = Some(0);
            swap_folder(&files, 0, certificate, key)?;
            link_through(&files)?;
        } else {
            put(&files, certificate, key)?;
        }
        if self.case.needs.contains(&Capability::Sni)
            && let Some(files) = self.target.further_files(&laid.place)
        {
            let Given { certificate, key, .. } = certificates.authority.give(FURTHER_NAME)?;
            put(&files, &certificate, &key)?;
        }
        self.certificates = Some(certificates);
        Ok(())
    }

    /// Writes the files of certificate and key, and tells the target.
    pub(super) fn renew(&mut self, renewal: Renewal) -> Result<(), DriveError> {
        self.settle();
        let (Some(running), Some(certificates)) = (&mut self.running, &mut self.certificates) else {
            return Ok(());
        };
        let Some(files) = self.target.tls_files(&running.laid.place) else {
            return Ok(());
        };
        let begin = self.recorder.now();
        let (certificate, key) = certificates.write(&files, renewal)?;
        if self.target.touched_for_renewal() {
            running.laid.file.meddle(Meddling::Touched, b"")?;
        }
        self.recorder.record(Event::Renewed(Renewed {
            begin,
            at: self.recorder.now(),
            renewal,
            certificate,
            key,
        }));
        let trigger = self.target.renewal_trigger(self.by, &running.laid.place)?;
        self.pull_this(trigger, exchange::TIMEOUT);
        Ok(())
    }

    /// Which certificate is to be shown.
    pub(super) fn leaf(&self) -> Leaf {
        self.certificates.as_ref().map_or(Leaf(1), Certificates::newest)
    }

    /// Starts a load of handshakes.
    pub(super) fn shake_hands(&mut self, caller: Caller, tasks: u8, pause_us: u32) {
        let (Some(running), Some(certificates)) = (&self.running, &self.certificates) else {
            return;
        };
        let to = To {
            listener: Listener::Tls,
            route: 0,
        };
        let client = client_to(&self.recorder, &running.laid.place, to);
        let trust = certificates.authority.trust();
        let pause = Duration::from_micros(u64::from(pause_us));
        self.loads
            .push(self.traffic.handshakes(&client, (&trust, caller), tasks, pause));
    }
}
