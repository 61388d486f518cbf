//! A place for one process of a target: a folder, an address of its own, and a user without privileges.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, chown};
use tempfile::TempDir;

use super::error::DriveError;
use super::files;
use crate::target::copy_binary;

/// The user and group "nobody", as Debian and most others number it.
const NOBODY: u32 = 65_534;
/// The port for traffic and that left to the target's admin API, on an address that nobody else has.
const PORTS: [u16; 2] = [8080, 9901];
/// The same where somebody listens on one of those at all addresses: pairs of these.
const OTHER_PORTS: std::ops::Range<u16> = 10_000..12_000;
/// So many addresses are tried with the usual ports, and so many in all.
const ATTEMPTS: (usize, usize) = (16, 64);
/// The socket in the file system, below the run's folder.
pub(super) const SOCKET: &str = "traffic.sock";
/// Ports for second listeners: below those that the system gives to outgoing connections, and above those that are well known.
const SECOND_PORTS: std::ops::Range<u16> = 12_000..32_000;

/// The user that targets run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// An unprivileged user of its own where the harness is root: root reads what nobody else may.
pub(super) fn user() -> Option<User> {
    Uid::effective().is_root().then_some(User {
        uid: NOBODY,
        gid: NOBODY,
    })
}

/// A folder and an address that nobody else uses. The folder goes when this is dropped.
pub(super) struct Ground {
    folder: TempDir,
    ip: IpAddr,
    /// For traffic, and for the admin API.
    ports: [u16; 2],
    /// For a second listener. Nobody listens on it at any address, nor on the one after it.
    second_port: u16,
}

impl Ground {
    pub(super) fn claim() -> Result<Self, DriveError> {
        let folder = tempfile::Builder::new()
            .prefix("reloadspec-")
            .tempdir()
            .map_err(DriveError::system("create a folder for the run"))?;
        files::open_to_all(folder.path())?;
        if let Some(user) = user() {
            chown(
                folder.path(),
                Some(Uid::from_raw(user.uid)),
                Some(Gid::from_raw(user.gid)),
            )
            .map_err(|errno| DriveError::system("give the folder to an unprivileged user")(errno.into()))?;
        }
        let (ip, ports) = free_seat(PORTS)?;
        Ok(Self {
            folder,
            ip,
            ports,
            second_port: free_ports(ip)?,
        })
    }

    pub(super) fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn listen(&self) -> SocketAddr {
        SocketAddr::new(self.ip, self.ports[0])
    }

    pub(super) fn admin(&self) -> SocketAddr {
        SocketAddr::new(self.ip, self.ports[1])
    }

    pub(super) fn second(&self) -> SocketAddr {
        SocketAddr::new(self.ip, self.second_port)
    }

    pub(super) fn third(&self) -> SocketAddr {
        SocketAddr::new(self.ip, self.second_port + 1)
    }

    /// The binary, where the target's user can run it: where it is, or else a copy.
    pub(super) fn runnable(&self, binary: &Path) -> Result<PathBuf, DriveError> {
        let absolute = binary.canonicalize().map_err(DriveError::file("find", binary))?;
        if user().is_none() || absolute.ancestors().all(is_open_to_all) {
            return Ok(absolute);
        }
        let name = absolute.file_name().unwrap_or(absolute.as_os_str());
        let copy = self.dir().join(name);
        copy_binary(&absolute, &copy).map_err(DriveError::file("copy", &absolute))?;
        files::open_to_all(&copy)?;
        Ok(copy)
    }
}

fn is_open_to_all(path: &Path) -> bool {
    fs::metadata(path)
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0 || metadata.uid() == NOBODY)
}

/// An address of the loopback network that nobody listens on.
pub(super) fn free_address() -> Result<IpAddr, DriveError> {
    free_seat(PORTS).map(|(ip, _)| ip)
}

/// An address of the loopback network, and two ports that nobody listens on there: the usual ones, or others if those are taken at
/// every address.
fn free_seat(usual: [u16; 2]) -> Result<(IpAddr, [u16; 2]), DriveError> {
    let mut last = None;
    for attempt in 0..ATTEMPTS.1 {
        let random = RandomState::new().build_hasher().finish().to_le_bytes();
        // 127.0.0.0/16 is left to everybody else.
        let ip = IpAddr::V4(Ipv4Addr::new(
            127,
            random[0] % 254 + 1,
            random[1],
            random[2] % 254 + 1,
        ));
        let other = OTHER_PORTS.start
            + u16::from_le_bytes([random[3], random[4]]) % (OTHER_PORTS.end - OTHER_PORTS.start) / 2 * 2;
        let ports = if attempt < ATTEMPTS.0 {
            usual
        } else {
            [other, other + 1]
        };
        match ports.map(|port| TcpListener::bind((ip, port))) {
            [Ok(_), Ok(_)] => return Ok((ip, ports)),
            [Err(error), _] | [_, Err(error)] => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
    Err(DriveError::system("find a free loopback address")(error))
}

/// A port that nobody listens on at any address, as whoever listens on all of them needs it, before one that is free at this address.
fn free_ports(ip: IpAddr) -> Result<u16, DriveError> {
    let mut last = None;
    for _ in 0..64 {
        let random = RandomState::new().build_hasher().finish();
        let span = u64::from(SECOND_PORTS.end - SECOND_PORTS.start - 1);
        let port = SECOND_PORTS.start + u16::try_from(random % span).unwrap_or_default();
        let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port));
        match everywhere.and_then(|_| TcpListener::bind((ip, port + 1))) {
            Ok(_) => return Ok(port),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
    Err(DriveError::system("find a free port")(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_grounds_share_a_folder_or_an_address() {
        let (one, other) = (Ground::claim().unwrap(), Ground::claim().unwrap());
        assert_ne!(one.ip, other.ip);
        assert_ne!(one.dir(), other.dir());
        for ground in [&one, &other] {
            let IpAddr::V4(ip) = ground.ip else {
                panic!("{}", ground.ip)
            };
            assert!(ip.is_loopback() && ip.octets()[1] != 0, "{ip}");
            let mut all = [ground.listen(), ground.admin(), ground.second(), ground.third()];
            // All are free.
            let bound = all.map(|address| TcpListener::bind(address).map(drop));
            all.sort();
            assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
            assert!(bound.iter().all(Result::is_ok), "{bound:?}");
        }
    }

    #[test]
    fn a_port_that_is_taken_at_all_addresses_is_done_without() {
        let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let taken = everywhere.local_addr().unwrap().port();
        let (ip, ports) = free_seat([taken, PORTS[1]]).unwrap();
        assert!(ports.iter().all(|port| OTHER_PORTS.contains(port)), "{ports:?}");
        assert!(
            ports
                .map(|port| TcpListener::bind((ip, port)))
                .iter()
                .all(Result::is_ok)
        );
    }

    #[test]
    fn the_folder_belongs_to_who_runs_the_target_and_goes_with_the_ground() {
        let ground = Ground::claim().unwrap();
        let folder = ground.dir().to_path_buf();
        let metadata = fs::metadata(&folder).unwrap();
        let owner = user().map_or(Uid::effective().as_raw(), |user| user.uid);
        assert_eq!(metadata.uid(), owner);
        assert_eq!(metadata.mode() & 0o777, 0o755);
        fs::write(folder.join("left"), "by the target").unwrap();
        drop(ground);
        assert!(!folder.exists());
    }

    #[test]
    fn a_binary_is_run_where_it_is_if_it_can_be() {
        let ground = Ground::claim().unwrap();
        let shell = ground.runnable(Path::new("/bin/sh")).unwrap();
        assert_eq!(shell, Path::new("/bin/sh").canonicalize().unwrap());
        let error = ground.runnable(Path::new("/nowhere/proxy")).unwrap_err();
        assert_eq!(error.to_string(), "failed to find /nowhere/proxy");
    }

    #[test]
    fn a_binary_that_the_targets_user_cannot_reach_is_copied_for_it() {
        let ground = Ground::claim().unwrap();
        let closed = tempfile::tempdir().unwrap();
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let binary = closed.path().canonicalize().unwrap().join("proxy");
        fs::write(&binary, "#!/bin/sh\n").unwrap();
        files::open_to_all(&binary).unwrap();
        let run = ground.runnable(&binary).unwrap();
        if user().is_none() {
            assert_eq!(run, binary);
            return;
        }
        assert_eq!(run, ground.dir().join("proxy"));
        assert_eq!(fs::read(&run).unwrap(), fs::read(&binary).unwrap());
        assert_eq!(fs::metadata(&run).unwrap().mode() & 0o755, 0o755);
    }
}
