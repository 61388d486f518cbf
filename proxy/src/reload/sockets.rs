//! Who owns a listening socket: this registry, one socket an address, for as long as the address is configured.
//!
//! Workers get duplicates of its descriptor, so neither a change of their number nor the end of one ever closes a socket.
//!
//! `0.0.0.0:p` and an address with port `p` cannot both be bound unless both sockets share the port. They share it for the moment of
//! the change only, because a port that is always shared would hide that another process has it. See `docs/decisions/0012-sockets.md`.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Connections that wait in the kernel until they are accepted.
const BACKLOG: i32 = 4096;

/// Sockets by the address that the configuration gives.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    held: BTreeMap<SocketAddr, Held>,
    next_number: u64,
}

/// One listening socket.
#[derive(Debug)]
struct Held {
    number: u64,
    socket: TcpListener,
    bound: SocketAddr,
}

/// Sockets that listen already and of which nobody accepts yet, and the addresses whose sockets go. Dropped, it leaves no trace.
#[derive(Debug, Default)]
pub(crate) struct StagedSockets {
    opened: BTreeMap<SocketAddr, Held>,
    closing: Vec<SocketAddr>,
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("failed to listen on {address}: {error}")]
pub struct BindError {
    address: SocketAddr,
    error: io::Error,
}

// === impl Sockets ===

impl Sockets {
    /// Opens what is wanted and not held.
    pub(crate) fn stage(&mut self, wanted: &[SocketAddr]) -> Result<StagedSockets, BindError> {
        let mut staged = StagedSockets::default();
        for &address in wanted.iter().filter(|address| !self.held.contains_key(address)) {
            let rivals: Vec<&Held> = self
                .held
                .values()
                .filter(|held| overlap(held.bound, address))
                .collect();
            let (socket, bound) =
                listen_beside(address, &rivals).map_err(|error| BindError { address, error })?;
            self.next_number += 1;
            staged.opened.insert(
                address,
                Held {
                    number: self.next_number,
                    socket,
                    bound,
                },
            );
        }
        // What a wanted wildcard covers stays open below it: closing it could reset what is queued, and nothing would be gained.
        let covered = |address: &SocketAddr| {
            wanted
                .iter()
                .any(|wider| wider.ip().is_unspecified() && overlap(*wider, *address))
        };
        let unwanted = self.held.keys().filter(|address| !wanted.contains(address));
        staged.closing = unwanted.filter(|address| !covered(address)).copied().collect();
        Ok(staged)
    }

    /// Takes over what was staged and returns the numbers of the sockets that go. They are closed here once the returned guard is dropped.
    pub(crate) fn commit(&mut self, staged: StagedSockets) -> Closing {
        self.held.extend(staged.opened);
        let gone: Vec<Held> = staged
            .closing
            .iter()
            .filter_map(|address| self.held.remove(address))
            .collect();
        Closing { gone }
    }

    /// Duplicates of all sockets that are held, for a new worker.
    pub(crate) fn duplicates(&self, staged: &StagedSockets) -> io::Result<Vec<(u64, TcpListener)>> {
        let kept = self
            .held
            .iter()
            .filter(|(address, _)| !staged.closing.contains(address))
            .map(|(_, held)| held);
        kept.chain(staged.opened.values()).map(Held::duplicate).collect()
    }

    pub(crate) fn bound(&self, address: SocketAddr) -> Option<SocketAddr> {
        self.held.get(&address).map(|held| held.bound)
    }
}

/// Sockets that nobody is to accept on any more.
#[derive(Debug)]
pub(crate) struct Closing {
    gone: Vec<Held>,
}

impl Closing {
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.gone.iter().map(|held| held.number).collect()
    }
}

// === impl StagedSockets ===

impl StagedSockets {
    /// Duplicates of what was opened, for a worker that has the rest.
    pub(crate) fn duplicates(&self) -> io::Result<Vec<(u64, TcpListener)>> {
        self.opened.values().map(Held::duplicate).collect()
    }

    pub(crate) fn bound(&self, address: SocketAddr) -> Option<SocketAddr> {
        self.opened.get(&address).map(|held| held.bound)
    }

    pub(crate) fn changes_nothing(&self) -> bool {
        self.opened.is_empty() && self.closing.is_empty()
    }
}

// === impl Held ===

impl Held {
    fn duplicate(&self) -> io::Result<(u64, TcpListener)> {
        Ok((self.number, self.socket.try_clone()?))
    }
}

/// Whether two sockets would claim the same connections: the same port, one of the addresses a wildcard of the same family.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let wildcard = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && a.is_ipv4() == b.is_ipv4() && wildcard
}

/// Listens on an address while our own `rivals` hold an overlapping one: they share the port for this moment.
fn listen_beside(address: SocketAddr, rivals: &[&Held]) -> io::Result<(TcpListener, SocketAddr)> {
    let share = |on: bool| {
        rivals
            .iter()
            .try_for_each(|rival| SockRef::from(&rival.socket).set_reuse_port(on))
    };
    let opened = share(true).and_then(|()| listen(address, !rivals.is_empty()));
    let unshared = share(false);
    let opened = opened?;
    unshared?;
    Ok(opened)
}

fn listen(address: SocketAddr, shared: bool) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_port(shared)?;
    socket.bind(&address.into())?;
    // Two sockets can bind one address; only the second `listen` fails.
    socket.listen(BACKLOG)?;
    socket.set_reuse_port(false)?;
    socket.set_nonblocking(true)?;
    let socket = TcpListener::from(socket);
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}
