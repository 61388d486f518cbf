//! The admin listener as something that follows the configuration: staged, committed, or left as it was.
//!
//! Make before break: the new address listens before the old one stops, and an address that cannot be had refuses the whole change.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};

use super::door::{Answers, Door, Listening};
use crate::model::AdminAddress;
use crate::reload::{Change, Follower, Refused, Sockets, StagedSockets};

/// All admin listeners: the one that is wanted, and those that end.
pub(crate) struct Doors {
    answers: Arc<dyn Answers>,
    sockets: Sockets,
    /// Open ones, by the number of their socket.
    tcp: HashMap<u64, Door>,
    unix: Option<UnixDoor>,
    address: Option<AdminAddress>,
    staged: Option<Staged>,
    retired: Vec<Door>,
}

/// A socket in the file system, which is removed when it is dropped.
struct UnixDoor {
    place: UnixPlace,
    door: Door,
}

/// A file, and what tells it from another one that takes its place.
struct UnixPlace {
    path: Arc<Path>,
    identity: (u64, u64),
}

struct Staged {
    address: Option<AdminAddress>,
    sockets: StagedSockets,
    tcp: Vec<(u64, Door)>,
    unix: Option<UnixDoor>,
    bound: Option<SocketAddr>,
}

/// The admin listener cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("failed to listen on {address}, for `admin`: {error}")]
struct Unavailable {
    address: AdminAddress,
    error: io::Error,
}

/// The end of a process leaves this much time to those who ask what it does.
const STOP_PATIENCE: Duration = Duration::from_millis(200);
const BACKLOG: i32 = 128;

// === impl Doors ===

impl Doors {
    pub(super) fn new(answers: Arc<dyn Answers>) -> Self {
        Self {
            answers,
            sockets: Sockets::default(),
            tcp: HashMap::new(),
            unix: None,
            address: None,
            staged: None,
            retired: Vec::new(),
        }
    }

    fn prepare(&mut self, address: Option<&AdminAddress>) -> Result<Staged, Refused> {
        let wanted: Vec<SocketAddr> = match address {
            Some(AdminAddress::Tcp(address)) => vec![*address],
            _ => Vec::new(),
        };
        let sockets = self.sockets.stage(&wanted)?;
        let unavailable = |error| {
            address.map(|address| Unavailable {
                address: address.clone(),
                error,
            })
        };
        let fail = |error: io::Error| match unavailable(error) {
            Some(error) => Refused::from(error),
            None => Refused::from("the admin listener cannot be closed"),
        };
        let mut tcp = Vec::new();
        for (number, socket) in sockets.duplicates().map_err(fail)? {
            let door = Door::stage(Listening::Tcp(socket), Arc::clone(&self.answers)).map_err(fail)?;
            tcp.push((number, door));
        }
        let unix = match address {
            Some(AdminAddress::Unix(path)) => Some(self.prepare_unix(path).map_err(fail)?),
            _ => None,
        };
        Ok(Staged {
            bound: wanted.first().and_then(|address| sockets.bound(*address)),
            address: address.cloned(),
            sockets,
            tcp,
            unix,
        })
    }

    fn prepare_unix(&self, path: &Arc<Path>) -> io::Result<UnixDoor> {
        let (listener, place) = listen(path)?;
        let door = Door::stage(Listening::Unix(listener), Arc::clone(&self.answers))?;
        Ok(UnixDoor { place, door })
    }

    fn retire(&mut self, door: Door, drain: Duration) {
        door.close(drain);
        self.retired.push(door);
    }
}

impl Follower for Doors {
    fn name(&self) -> &'static str {
        "admin"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let address = change.new.settings.admin.as_ref().map(|admin| &admin.address);
        if address != self.address.as_ref() {
            self.staged = Some(self.prepare(address)?);
        }
        Ok(())
    }

    fn commit(&mut self, drain: Duration) -> Result<(), Refused> {
        let Some(staged) = self.staged.take() else {
            return Ok(());
        };
        let Staged {
            address,
            sockets,
            tcp,
            unix,
            bound,
        } = staged;
        for (number, door) in tcp {
            door.open();
            self.tcp.insert(number, door);
        }
        if let Some(UnixDoor { door, .. }) = &unix {
            door.open();
        }
        // The thread of a door closes its socket last, and has emptied the queue just before.
        let closing = self.sockets.commit(sockets).numbers();
        for number in closing {
            if let Some(door) = self.tcp.remove(&number) {
                self.retire(door, drain);
            }
        }
        if let Some(UnixDoor { place, door }) = std::mem::replace(&mut self.unix, unix) {
            drop(place);
            self.retire(door, drain);
        }
        if let Some(address) = &address {
            let address = bound.map_or_else(|| address.to_string(), |bound| bound.to_string());
            tracing::info!(address, "admin API open");
        }
        self.address = address;
        Ok(())
    }

    fn abandon(&mut self) {
        let Some(staged) = self.staged.take() else { return };
        // Joined, so that its address is free again when this returns.
        let unix = staged.unix.map(|UnixDoor { door, .. }| door);
        let tcp = staged.tcp.into_iter().map(|(_, door)| door);
        tcp.chain(unix).for_each(Door::join);
    }

    fn drain(&mut self) {
        let (ended, running): (Vec<_>, Vec<_>) = std::mem::take(&mut self.retired)
            .into_iter()
            .partition(Door::is_finished);
        self.retired = running;
        ended.into_iter().for_each(Door::join);
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        let unix = self.unix.take().map(|UnixDoor { door, .. }| door);
        let open = self.tcp.drain().map(|(_, door)| door).chain(unix);
        let all: Vec<Door> = open.chain(self.retired.drain(..)).collect();
        for door in &all {
            door.close(STOP_PATIENCE);
        }
        all.into_iter().for_each(Door::join);
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

// === impl UnixPlace ===

impl Drop for UnixPlace {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == self.identity);
        if ours {
            // If it cannot be removed, the next one who listens there finds that nobody does.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens on a path. A socket that somebody left behind is replaced; one that somebody listens on, and any other file, is not touched.
fn listen(path: &Arc<Path>) -> io::Result<(UnixListener, UnixPlace)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Before the file is there: it must not be open to others even for a moment.
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    let address = SockAddr::unix(path)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_behind(path, &address) => {
            fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        result => result?,
    }
    let metadata = fs::symlink_metadata(path)?;
    let place = UnixPlace {
        path: Arc::clone(path),
        identity: (metadata.dev(), metadata.ino()),
    };
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok((socket.into(), place))
}

fn is_left_behind(path: &Path, address: &SockAddr) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    let refused = || {
        let probe = Socket::new(Domain::UNIX, Type::STREAM, None).and_then(|probe| probe.connect(address));
        probe.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    is_socket && refused()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_socket_that_is_left_behind_is_replaced_and_what_is_used_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path: Arc<Path> = Arc::from(folder.path().join("admin.sock"));
        drop(UnixListener::bind(&path).expect("a socket"));
        let (listener, place) = listen(&path).expect("what nobody uses");
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(listen(&path).is_err(), "somebody listens there");
        drop((listener, place));
        assert!(!path.exists());
        fs::write(&path, "precious").expect("a file");
        assert!(listen(&path).is_err());
        assert_eq!(fs::read(&path).expect("a file"), b"precious");
    }
}
