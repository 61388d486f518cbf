//! A service manager of the harness's own, as `sd_notify(3)` has it: a socket for datagrams, whose name the target finds in `NOTIFY_SOCKET`.
//!
//! In: a folder. Out: what it was told, in the recorder. Never: an answer, for the protocol has none.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::error::DriveError;
use super::recorder::Recorder;
use crate::vocabulary::{Event, Notice};

/// How long a datagram is waited for at a time.
const LOOK: Duration = Duration::from_millis(20);
/// More than any message.
const LONGEST: usize = 16 * 1024;

/// The manager, and the thread that hears for it. Dropping it ends both.
pub(super) struct Manager {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Where the manager of a run listens.
pub(super) fn socket(dir: &Path) -> PathBuf {
    dir.join("notify.sock")
}

impl Manager {
    /// Listens below a folder, for whoever may.
    pub(super) fn listen(dir: &Path, recorder: &Arc<Recorder>) -> Result<Self, DriveError> {
        let path = socket(dir);
        let listens = UnixDatagram::bind(&path).and_then(|socket| {
            fs::set_permissions(&path, Permissions::from_mode(0o777))?;
            socket.set_read_timeout(Some(LOOK))?;
            let stop = Arc::new(AtomicBool::new(false));
            let (recorder, stopped) = (Arc::clone(recorder), Arc::clone(&stop));
            let thread = thread::Builder::new()
                .name("manager".into())
                .spawn(move || hear(&socket, &recorder, &stopped))?;
            Ok(Self {
                stop,
                thread: Some(thread),
            })
        });
        listens.map_err(DriveError::system("listen as a service manager does"))
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed by its thread.
            let _ = thread.join();
        }
    }
}

/// Writes down what is told, until it is stopped and there is nothing more.
fn hear(socket: &UnixDatagram, recorder: &Recorder, stopped: &AtomicBool) {
    let mut bytes = [0; LONGEST];
    loop {
        match socket.recv(&mut bytes) {
            Ok(length) => {
                // One after the other, so that what comes between them makes a time that is told look later, not earlier.
                let (clock_us, at) = (clock_us(), recorder.now());
                let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
                recorder.record(Event::Notified(Notice {
                    at,
                    clock_us,
                    message,
                }));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // It came to the end of its patience, or there is nothing to be heard any more.
            Err(_) if stopped.load(Ordering::Relaxed) => return,
            Err(_) => {}
        }
    }
}

/// The clock of the protocol, in microseconds.
fn clock_us() -> u64 {
    // It is there on every Linux; without it no time that is told would be right.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from);
    now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn what_is_told_is_written_down_with_the_clock_of_the_protocol() {
        let dir = tempfile::tempdir().unwrap();
        let recorder = Recorder::new();
        let manager = Manager::listen(dir.path(), &recorder).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let begun = recorder.now();
        let said = format!("RELOADING=1\nMONOTONIC_USEC={}", clock_us());
        for message in [said.as_str(), "READY=1\nSTATUS=a=b"] {
            sender.send_to(message.as_bytes(), socket(dir.path())).unwrap();
        }
        let is_ready = |event: &Event| matches!(event, Event::Notified(notice) if notice.is_ready());
        let deadline = Instant::now() + Duration::from_secs(5);
        assert!(recorder.wait_for(0, deadline, || false, is_ready));
        drop(manager);
        let events = recorder.take();
        let [Event::Notified(first), Event::Notified(second)] = &events[..] else {
            panic!("{events:?}");
        };
        assert!(first.is_reloading() && !first.is_ready() && !second.is_reloading());
        assert_eq!(second.value("STATUS"), Some("a=b"));
        let sent = first.sent_at().unwrap();
        let slack = 1_000_000;
        assert!(
            sent >= i128::from(begun) - slack && sent <= i128::from(first.at) + slack,
            "{sent} of {begun}..{}",
            first.at
        );
        assert_eq!(second.sent_at(), None);
    }
}
