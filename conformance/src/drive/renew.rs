//! Renewing the certificate: the files, and the word that they changed.
//!
//! In: what is to be written. Out: the files in their places, in the recorder. Never: the configuration, an opinion on what stands there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::client::To;
use super::error::DriveError;
use super::exchange;
use super::files;
use super::script::Driver;
use super::tls::{Authority, Given};
use super::traffic::client_to;
use super::trial::Laid;
use crate::target::TlsFiles;
use crate::vocabulary::{Event, Leaf, Listener, Renewal, Renewed};

/// Text that is no certificate.
const GARBAGE: &str = "this is no certificate\n";

/// What stands in the files of certificate and key of the process that runs.
pub(super) struct Certificates {
    authority: Authority,
    certificate: Given,
    key: Given,
}

impl Certificates {
    fn new() -> Result<Self, DriveError> {
        let authority = Authority::new()?;
        let first = authority.give()?;
        Ok(Self {
            authority,
            certificate: first.clone(),
            key: first,
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
                self.certificate = self.authority.give()?;
                key = self.certificate.clone();
                self.key = key.clone();
            }
            Renewal::Certificate => {
                let is_behind = self.key.leaf > self.certificate.leaf;
                self.certificate = if is_behind {
                    self.key.clone()
                } else {
                    self.authority.give()?
                };
            }
            Renewal::Key => {
                let is_behind = self.certificate.leaf > self.key.leaf;
                self.key = if is_behind {
                    self.certificate.clone()
                } else {
                    self.authority.give()?
                };
                key = self.key.clone();
            }
            Renewal::Garbage => bad = Some(GARBAGE.to_owned()),
            Renewal::Truncated => {
                let text = self.authority.give()?.certificate;
                bad = Some(text[..text.len() / 2].to_owned());
            }
            Renewal::ForeignKey => key = self.authority.give()?,
        }
        let shown = bad.is_none().then_some(self.certificate.leaf);
        let certificate = bad.unwrap_or_else(|| self.certificate.certificate.clone());
        if files.are_joined() {
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
        let certificates = Certificates::new()?;
        let Given { certificate, key, .. } = &certificates.key;
        if files.are_joined() {
            rename_over(&files, &files.certificate, &format!("{certificate}{key}"))?;
        } else {
            rename_over(&files, &files.certificate, certificate)?;
            rename_over(&files, &files.key, key)?;
        }
        self.certificates = Some(certificates);
        Ok(())
    }

    /// Writes the files of certificate and key, and tells the target.
    pub(super) fn renew(&mut self, renewal: Renewal) -> Result<(), DriveError> {
        self.settle();
        let (Some(running), Some(certificates)) = (&self.running, &mut self.certificates) else {
            return Ok(());
        };
        let Some(files) = self.target.tls_files(&running.laid.place) else {
            return Ok(());
        };
        let begin = self.recorder.now();
        let (certificate, key) = certificates.write(&files, renewal)?;
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
    pub(super) fn shake_hands(&mut self, tasks: u8, pause_us: u32) {
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
            .push(self.traffic.handshakes(&client, &trust, tasks, pause));
    }
}
