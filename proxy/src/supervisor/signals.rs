//! Signals: SIGHUP reloads, SIGTERM and SIGINT stop, and a second one of these ends the process at once.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator;

use super::Message;

/// Installed handlers. From here on no signal ends the process by surprise; what arrives early is kept until it is asked for.
#[derive(Debug)]
pub struct Signals(iterator::Signals);

// === impl Signals ===

impl Signals {
    /// Installs the handlers.
    pub fn install() -> io::Result<Self> {
        iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]).map(Self)
    }

    /// Passes signals on as messages, from a thread of its own that lives as long as the process.
    pub(crate) fn forward(mut self, messages: Sender<Message>) -> io::Result<()> {
        let forward = move || {
            let mut stopping = false;
            for signal in self.0.forever() {
                let message = match signal {
                    SIGHUP => Message::Reload(None),
                    // As a shell reports a process that a signal ended.
                    _ if stopping => std::process::exit(128 + signal),
                    _ => Message::Stop,
                };
                stopping |= matches!(message, Message::Stop);
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
