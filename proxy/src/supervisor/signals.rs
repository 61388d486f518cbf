//! Signals: SIGHUP reloads, SIGUSR1 opens the log anew, SIGTERM, SIGQUIT and SIGINT stop, and a second one of these ends the process at once. So does the first one if what is
//! being booted does not come to serve soon.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use signal_hook::iterator;

use super::Message;
use crate::lifecycle::Place;
use crate::order::{Order, Wish};
use crate::reload::Origin;

/// Installed handlers. From here on no signal ends the process by surprise; what arrives early is kept until it is asked for.
#[derive(Debug)]
pub struct Signals(iterator::Signals);

/// How long a boot may go on after a signal to stop. One that takes no longer ends like any other stop.
const BOOT_PATIENCE: Duration = Duration::from_secs(1);

// === impl Signals ===

impl Signals {
    /// Installs the handlers.
    pub fn install() -> io::Result<Self> {
        iterator::Signals::new([SIGHUP, SIGUSR1, SIGINT, SIGQUIT, SIGTERM]).map(Self)
    }

    /// Passes signals on as messages, from a thread of its own that lives as long as the process. Messages are read once `serving`.
    pub(crate) fn forward(
        mut self,
        messages: Sender<Message>,
        serving: Arc<AtomicBool>,
        pid_file: Place,
    ) -> io::Result<()> {
        let forward = move || {
            let mut stopping = false;
            for signal in self.0.forever() {
                let message = match signal {
                    SIGHUP => Message::Order(Order {
                        wish: Wish::Reload,
                        origin: Origin::Sighup,
                        precondition: None,
                        reply: Box::new(|_| {}),
                    }),
                    SIGUSR1 => Message::ReopenLog,
                    // As a shell reports a process that a signal ended.
                    _ if stopping => {
                        pid_file.clear();
                        std::process::exit(128 + signal)
                    }
                    _ => Message::Stop,
                };
                if matches!(message, Message::Stop) {
                    stopping = true;
                    end_boot(&serving, 128 + signal);
                }
                if messages.send(message).is_err() && !stopping {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(forward)
            .map(drop)
    }
}

/// Ends the process with `code` if it does not serve soon.
fn end_boot(serving: &Arc<AtomicBool>, code: i32) {
    if serving.load(Ordering::Acquire) {
        return;
    }
    let serving = Arc::clone(serving);
    // Whoever hangs in a boot listens to nobody.
    thread::spawn(move || {
        thread::sleep(BOOT_PATIENCE);
        if !serving.load(Ordering::Acquire) {
            std::process::exit(code);
        }
    });
}
