//! Who owns a listening socket: this registry, one socket an address, for as long as the address is configured, whether it is for traffic
//! or for the admin API. So an address that goes from the one to the other is listened on throughout.
//!
//! Workers and doors get handles of its descriptor, so neither a change of their number nor the end of one ever closes a socket.
//!
//! `0.0.0.0:p` and an address with port `p` cannot both be bound unless both sockets share the port. They share it for the moment of
//! the change only, because a port that is always shared would hide that another process has it. See `docs/decisions/0012-sockets.md`.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::model::{Address, Model};
use crate::runtime::unix_socket::{self, Audience, BACKLOG, Place};
use crate::runtime::{Handle, Listening};

/// What connections to a socket are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// They are routed.
    Traffic,
    /// They ask the proxy about itself.
    Admin,
}

/// Sockets by the address that the configuration gives.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    held: BTreeMap<Address, Held>,
    next_number: u64,
}

/// One listening socket.
#[derive(Debug)]
struct Held {
    source: Source,
    purpose: Purpose,
    /// Of a socket in the file system.
    place: Option<Place>,
}

/// What handles are made of. It costs no descriptor of its own, so that a change that needs none is not refused for want of one.
#[derive(Debug, Clone)]
struct Source {
    number: u64,
    bound: Address,
    socket: Arc<Listening>,
}

/// Sockets that listen already and of which nobody accepts yet, those whose purpose changes, and those that go. Dropped, it leaves no trace.
#[derive(Debug, Default)]
pub(crate) struct StagedSockets {
    opened: BTreeMap<Address, Held>,
    /// Those that are kept, each with its purpose before and after.
    kept: Vec<Kept>,
    closing: Vec<(Address, u64, Purpose)>,
}

#[derive(Debug)]
struct Kept {
    address: Address,
    before: Purpose,
    after: Purpose,
    source: Source,
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("failed to listen on {address}{}: {error}", if *.purpose == Purpose::Admin { ", for `admin`" } else { "" })]
pub struct BindError {
    address: Address,
    purpose: Purpose,
    error: io::Error,
}

/// Sockets that nobody is to accept on any more; closed here when it is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Closing(#[expect(dead_code, reason = "it is there to be dropped")] Vec<Held>);

/// The addresses that a model listens on, each once.
pub(super) fn wanted(model: &Model) -> BTreeMap<Address, Purpose> {
    let admin = model
        .settings
        .admin
        .iter()
        .map(|admin| (&admin.address, Purpose::Admin));
    let traffic = model
        .listeners
        .values()
        .map(|listener| (&listener.address, Purpose::Traffic));
    admin
        .chain(traffic)
        .map(|(address, purpose)| (address.clone(), purpose))
        .collect()
}

/// Tries every address of a model without listening on it, so that nobody can connect, and gives back those that somebody listens on.
/// `is_free` says of a path whether somebody does.
pub(crate) fn try_addresses(
    model: &Model,
    is_free: impl Fn(&Path) -> io::Result<bool>,
) -> Result<Vec<Address>, BindError> {
    let mut in_use = Vec::new();
    for (address, purpose) in wanted(model) {
        let tried = match &address {
            Address::Tcp(tcp) => match bind(*tcp, false) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(false),
                bound => bound.map(|_| true),
            },
            Address::Unix(path) => is_free(path),
        };
        match tried {
            Ok(true) => {}
            Ok(false) => in_use.push(address),
            Err(error) => {
                return Err(BindError {
                    address,
                    purpose,
                    error,
                });
            }
        }
    }
    Ok(in_use)
}

// === impl BindError ===

impl BindError {
    /// The part of the configuration that asks for the address.
    pub(super) fn component(&self) -> &'static str {
        match self.purpose {
            Purpose::Traffic => "listeners",
            Purpose::Admin => "admin",
        }
    }
}

// === impl Sockets ===

impl Sockets {
    /// Opens what is wanted and not held.
    pub(super) fn stage(&mut self, wanted: &BTreeMap<Address, Purpose>) -> Result<StagedSockets, BindError> {
        let mut staged = StagedSockets::default();
        for (address, &purpose) in wanted
            .iter()
            .filter(|(address, _)| !self.held.contains_key(address))
        {
            self.next_number += 1;
            let held = self
                .open(address, purpose, self.next_number)
                .map_err(|error| BindError {
                    address: address.clone(),
                    purpose,
                    error,
                })?;
            staged.opened.insert(address.clone(), held);
        }
        for (address, held) in &self.held {
            // What a wanted wildcard covers stays open below it: closing it could reset what is queued, and nothing would be gained.
            let by_itself = wanted.get(address);
            let covered = || wanted.iter().find(|(wider, _)| wider.covers(address));
            if let Some(&after) = by_itself.or_else(|| covered().map(|(_, purpose)| purpose)) {
                staged.kept.push(Kept {
                    address: address.clone(),
                    before: held.purpose,
                    after,
                    source: held.source.clone(),
                });
            } else {
                let gone = (address.clone(), held.source.number, held.purpose);
                staged.closing.push(gone);
            }
        }
        Ok(staged)
    }

    fn open(&self, address: &Address, purpose: Purpose, number: u64) -> io::Result<Held> {
        let (socket, bound, place) = match address {
            Address::Tcp(tcp) => {
                let is_rival = |held: &&Held| {
                    let bound = &held.source.bound;
                    bound != address && bound.overlaps(address)
                };
                let rivals: Vec<&Held> = self.held.values().filter(is_rival).collect();
                let (socket, bound) = listen_beside(*tcp, &rivals)?;
                (Listening::Tcp(socket), Address::Tcp(bound), None)
            }
            Address::Unix(path) => {
                let (socket, place) = unix_socket::listen(path, purpose.audience())?;
                (Listening::Unix(socket), address.clone(), Some(place))
            }
        };
        let socket = Arc::new(socket);
        Ok(Held {
            source: Source {
                number,
                bound,
                socket,
            },
            purpose,
            place,
        })
    }

    /// Takes over what was staged.
    pub(super) fn commit(&mut self, staged: StagedSockets) -> Closing {
        for Kept { address, after, .. } in staged.kept {
            if let Some(held) = self.held.get_mut(&address) {
                held.turn_to(after);
            }
        }
        self.held.extend(staged.opened);
        let gone = staged
            .closing
            .iter()
            .filter_map(|(address, ..)| self.held.remove(address));
        Closing(gone.collect())
    }

    pub(super) fn bound(&self, address: &Address) -> Option<&Address> {
        self.held.get(address).map(|held| &held.source.bound)
    }

    /// Closes all that are for this, here: whoever has handles accepts what is queued, and closes last.
    pub(super) fn close(&mut self, purpose: Purpose) {
        self.held.retain(|_, held| held.purpose != purpose);
    }
}

// === impl StagedSockets ===

impl StagedSockets {
    /// Handles of all sockets that will be for this, for somebody who has none yet.
    pub(crate) fn all(&self, purpose: Purpose) -> io::Result<Vec<Handle>> {
        let kept = self.kept.iter().filter(|kept| kept.after == purpose);
        let kept = kept.map(|kept| &kept.source);
        kept.chain(self.opened_for(purpose)).map(Source::handle).collect()
    }

    /// Handles of the sockets that have not been for this yet, for somebody who has the others.
    pub(crate) fn coming(&self, purpose: Purpose) -> io::Result<Vec<Handle>> {
        let comes = |kept: &&Kept| kept.after == purpose && kept.before != purpose;
        let moved = self.kept.iter().filter(comes).map(|kept| &kept.source);
        moved
            .chain(self.opened_for(purpose))
            .map(Source::handle)
            .collect()
    }

    fn opened_for(&self, purpose: Purpose) -> impl Iterator<Item = &Source> {
        let opened = self.opened.values().filter(move |held| held.purpose == purpose);
        opened.map(|held| &held.source)
    }

    /// The numbers of the sockets that will not be for this any more.
    pub(crate) fn leaving(&self, purpose: Purpose) -> Vec<u64> {
        let closing = self.closing.iter().filter(|(_, _, before)| *before == purpose);
        let closing = closing.map(|(_, number, _)| *number);
        closing.chain(self.handed_on(purpose)).collect()
    }

    /// Those of them that will be for something else.
    pub(crate) fn handed_on(&self, purpose: Purpose) -> Vec<u64> {
        let goes = |kept: &&Kept| kept.before == purpose && kept.after != purpose;
        self.kept
            .iter()
            .filter(goes)
            .map(|kept| kept.source.number)
            .collect()
    }

    /// For each address of what is for this the one that is bound.
    pub(crate) fn bound(&self, purpose: Purpose) -> BTreeMap<Address, Address> {
        let kept = self.kept.iter().filter(|kept| kept.after == purpose);
        let kept = kept.map(|kept| (kept.address.clone(), kept.source.bound.clone()));
        let opened = self.opened.iter().filter(|(_, held)| held.purpose == purpose);
        kept.chain(opened.map(|(address, held)| (address.clone(), held.source.bound.clone())))
            .collect()
    }
}

// === impl Source ===

impl Source {
    fn handle(&self) -> io::Result<Handle> {
        Ok(Handle {
            number: self.number,
            bound: self.bound.clone(),
            socket: self.socket.try_clone()?,
        })
    }
}

// === impl Held ===

impl Held {
    fn turn_to(&mut self, purpose: Purpose) {
        if self.purpose == purpose {
            return;
        }
        self.purpose = purpose;
        if let Some(place) = &self.place
            && let Err(error) = place.admit(purpose.audience())
        {
            let address = &self.source.bound;
            tracing::error!(%address, %error, "failed to change who may connect; nobody can from now on");
            self.place = None;
        }
    }
}

// === impl Purpose ===

impl Purpose {
    fn audience(self) -> Audience {
        match self {
            Self::Traffic => Audience::Everybody,
            Self::Admin => Audience::Own,
        }
    }
}

/// Listens on an address while our own `rivals` hold an overlapping one: they share the port for this moment.
fn listen_beside(address: SocketAddr, rivals: &[&Held]) -> io::Result<(TcpListener, SocketAddr)> {
    let share = |on: bool| {
        rivals.iter().try_for_each(|rival| match &*rival.source.socket {
            Listening::Tcp(socket) => SockRef::from(socket).set_reuse_port(on),
            Listening::Unix(_) => Ok(()),
        })
    };
    let opened = share(true).and_then(|()| listen(address, !rivals.is_empty()));
    let unshared = share(false);
    let opened = opened?;
    unshared?;
    Ok(opened)
}

fn listen(address: SocketAddr, shared: bool) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = bind(address, shared)?;
    // Two sockets can bind one address; only the second `listen` fails.
    socket.listen(BACKLOG)?;
    socket.set_reuse_port(false)?;
    socket.set_nonblocking(true)?;
    let socket = TcpListener::from(socket);
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_port(shared)?;
    // Whatever is accepted there sends what is written without waiting for more of it. A socket that refuses the option works without it.
    let _ = socket.set_tcp_nodelay(true);
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted_sends_at_once() {
        let (socket, bound) = listen("127.0.0.1:0".parse().expect("an address"), false).expect("a socket");
        let _client = std::net::TcpStream::connect(bound).expect("a connection");
        socket.set_nonblocking(false).expect("a socket");
        let (accepted, _) = socket.accept().expect("a connection");
        assert!(accepted.nodelay().expect("an option"));
    }
}
