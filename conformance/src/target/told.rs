//! What a target tells those around it of its life: the service manager, and whoever reads its PID file.
//!
//! In: the sections `[systemd]` and `[pid_file]` of a target folder. Out: how it is started so that it does, and where the file stands. Never: a look at
//! what it told.

use std::path::PathBuf;

use serde::Deserialize;

use super::check::is_below;
use super::error::TargetError;
use super::spec::{Spec, Start};
use super::{CommandLine, Place, Target};
use crate::vocabulary::TriggerKind;

/// That it tells the service manager of its life, where `NOTIFY_SOCKET` says where.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Systemd {
    /// How it is started so that it does, where that is another way than the usual one.
    start: Option<Start>,
}

/// That it writes its number into a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PidFile {
    /// The file, below the run's folder.
    path: String,
    /// How it is started so that it does, where that is another way than the usual one.
    start: Option<Start>,
    /// Where it is documented that the file stays after a graceful stop, if it is.
    stays: Option<String>,
}

// === impl PidFile ===

impl PidFile {
    /// Whether it is documented to stay.
    pub(super) fn stays(&self) -> bool {
        self.stays.is_some()
    }
}

/// What serde cannot say.
pub(super) fn check(spec: &Spec) -> Result<(), String> {
    match spec.pid_file.as_ref().filter(|file| !is_below(&file.path)) {
        Some(file) => Err(format!(
            "pid_file.path: {:?} does not stay below the run's folder",
            file.path
        )),
        None => Ok(()),
    }
}

// === impl Target ===

impl Target {
    /// How to start it where it is to tell a service manager of its life, and to be told by this trigger alone.
    ///
    /// # Errors
    /// If an argument or a variable does not render.
    pub fn start_managed(&self, by: Option<TriggerKind>, place: &Place) -> Result<CommandLine, TargetError> {
        let of_its_own = self
            .spec
            .systemd
            .as_ref()
            .and_then(|systemd| systemd.start.as_ref());
        self.line(of_its_own.unwrap_or(self.spec.start(by)), place)
    }

    /// How to start it where it is to write its number into a file.
    ///
    /// # Errors
    /// If an argument or a variable does not render.
    pub fn start_with_pid_file(
        &self,
        by: Option<TriggerKind>,
        place: &Place,
    ) -> Result<CommandLine, TargetError> {
        let of_its_own = self.spec.pid_file.as_ref().and_then(|file| file.start.as_ref());
        self.line(of_its_own.unwrap_or(self.spec.start(by)), place)
    }

    /// Where its number stands, if it writes it into a file.
    pub fn pid_file(&self, place: &Place) -> Option<PathBuf> {
        let file = self.spec.pid_file.as_ref()?;
        Some(place.dir.join(&file.path))
    }
}
