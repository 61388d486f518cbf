//! The service manager, by the protocol of `sd_notify(3)`: ready, reloading, ready again, stopping.
//!
//! `Type=notify-reload` waits after SIGHUP for `RELOADING=1` with a time of the monotonic clock that is not before the signal, and then for
//! `READY=1`, which comes after a reload that changed nothing too. A manager that does not listen is no reason to stop.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use rustix::time::{ClockId, clock_gettime};

/// Where the service manager listens.
#[derive(Debug)]
pub struct Notifier {
    socket: UnixDatagram,
    address: SocketAddr,
}

// === impl Notifier ===

impl Notifier {
    /// What `NOTIFY_SOCKET` names; nothing if nobody wants to be told.
    pub fn from_environment() -> Option<Self> {
        let name = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())?;
        Self::at(&name)
            .map_err(|error| tracing::warn!(%error, "cannot tell the service manager"))
            .ok()
    }

    /// The socket of this name: a path, or `@` and the name of an abstract one.
    pub fn at(name: &OsStr) -> io::Result<Self> {
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that takes nothing holds up nobody.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address })
    }

    /// It serves, or it serves again or still after a reload.
    pub(crate) fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={status}"));
    }

    /// A reload begins.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// It ends.
    pub(crate) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    fn send(&self, message: &str) {
        if let Err(error) = self.socket.send_to_addr(message.as_bytes(), &self.address) {
            tracing::debug!(%error, "the service manager does not listen");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(listener: &UnixDatagram) -> String {
        let mut bytes = [0; 512];
        let length = listener.recv(&mut bytes).expect("a message");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn a_path_and_an_abstract_name_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let name = format!("reloadspec-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("an address");
        let listeners = [
            (
                path.clone().into_os_string(),
                UnixDatagram::bind(&path).expect("a socket"),
            ),
            (
                format!("@{name}").into(),
                UnixDatagram::bind_addr(&address).expect("a socket"),
            ),
        ];
        for (name, listener) in listeners {
            let notifier = Notifier::at(&name).expect("an address");
            notifier.ready("serving revision 1");
            assert_eq!(told(&listener), "READY=1\nSTATUS=serving revision 1");
            notifier.reloading();
            let message = told(&listener);
            let micros = message
                .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
                .expect("a time");
            assert!(micros.parse::<u64>().is_ok_and(|micros| micros > 0), "{message}");
            notifier.stopping();
            assert_eq!(told(&listener), "STOPPING=1");
            // Nobody listens any more, which harms nobody.
            drop(listener);
            notifier.ready("serving revision 2");
        }
    }
}
