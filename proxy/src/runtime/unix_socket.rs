//! A socket in the file system: opened without taking anybody's place, and removed when nobody is to connect any more.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};

/// Connections that wait in the kernel until they are accepted.
pub(crate) const BACKLOG: i32 = 4096;

/// The file of a socket, which is removed when this is dropped, and what tells it from another one that takes its place.
#[derive(Debug)]
pub(crate) struct Place {
    path: Arc<Path>,
    identity: (u64, u64),
}

/// Who may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The proxy's own user.
    Own,
    /// Every user of the machine who can reach the path, as with an address of loopback.
    Everybody,
}

// === impl Place ===

impl Place {
    /// Lets others connect from now on than before.
    pub(crate) fn admit(&self, audience: Audience) -> io::Result<()> {
        if !self.is_ours() {
            return Err(io::Error::other("another file has taken its place"));
        }
        fs::set_permissions(&self.path, Permissions::from_mode(audience.mode().bits()))
    }

    fn is_ours(&self) -> bool {
        fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == self.identity)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_ours() {
            // If it cannot be removed, the next one who listens there finds that nobody does.
            let _ = fs::remove_file(&self.path);
        }
    }
}

// === impl Audience ===

impl Audience {
    fn mode(self) -> Mode {
        match self {
            Self::Own => Mode::RUSR | Mode::WUSR,
            Self::Everybody => Mode::from_raw_mode(0o666),
        }
    }
}

/// Listens on a path. A socket that somebody left behind is replaced; one that somebody listens on, and any other file, is not touched.
pub(crate) fn listen(path: &Arc<Path>, audience: Audience) -> io::Result<(UnixListener, Place)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Before the file is there: it must not be open to others even for a moment.
    fchmod(&socket, Audience::Own.mode())?;
    let address = SockAddr::unix(path)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_behind(path, &address) => {
            fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        result => result?,
    }
    let metadata = fs::symlink_metadata(path)?;
    let place = Place {
        path: Arc::clone(path),
        identity: (metadata.dev(), metadata.ino()),
    };
    if audience != Audience::Own {
        place.admit(audience)?;
    }
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok((socket.into(), place))
}

/// Whether a file is a socket that nobody listens on any more.
pub(crate) fn is_left_behind(path: &Path, address: &SockAddr) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    let refused = || {
        let probe = Socket::new(Domain::UNIX, Type::STREAM, None).and_then(|probe| {
            // A full queue must not hold up the reload; it tells that somebody is there.
            probe.set_nonblocking(true)?;
            probe.connect(address)
        });
        probe.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    is_socket && refused()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_is_left_behind_is_replaced_and_what_is_used_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path: Arc<Path> = Arc::from(folder.path().join("admin.sock"));
        drop(UnixListener::bind(&path).expect("a socket"));
        let (listener, place) = listen(&path, Audience::Own).expect("what nobody uses");
        let mode = || fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        place.admit(Audience::Everybody).expect("ours");
        assert_eq!(mode(), 0o666);
        assert!(
            listen(&path, Audience::Everybody).is_err(),
            "somebody listens there"
        );
        drop((listener, place));
        assert!(!path.exists());
        fs::write(&path, "precious").expect("a file");
        assert!(listen(&path, Audience::Own).is_err());
        assert_eq!(fs::read(&path).expect("a file"), b"precious");
    }

    #[test]
    fn what_has_taken_its_place_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path: Arc<Path> = Arc::from(folder.path().join("web.sock"));
        let (listener, place) = listen(&path, Audience::Everybody).expect("a socket");
        fs::remove_file(&path).expect("ours");
        fs::write(&path, "precious").expect("a file");
        assert!(place.admit(Audience::Own).is_err());
        drop((listener, place));
        assert_eq!(fs::read(&path).expect("a file"), b"precious");
    }
}
