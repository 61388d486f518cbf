//! A configuration in the form in which it serves: immutable, and indexed for lookup.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::FixedState;
use http::{HeaderValue, StatusCode};
use rustls::ServerConfig;

use super::{CurrentUpstream, Entry, Gates, Table};
use crate::model::{self, Address, HeaderEdits, Limits, Name, Protocol, Protocols};

/// Which snapshot a request is answered by. It lives as long as a request is answered by it.
#[derive(Debug, Default)]
pub struct Generation {
    /// The number of the configuration; 0 before the first.
    pub revision: u64,
}

/// Everything that a request may need.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Which configuration this is.
    pub generation: Arc<Generation>,
    /// Bounds on what a client may ask for.
    pub limits: Limits,
    /// For each bound address, what is open there.
    pub open: HashMap<Address, Open, FixedState>,
    /// The routes for all listeners, and for a connection whose listener is gone.
    pub orphans: Arc<Table>,
    /// What shakes hands at addresses whose listener went with this snapshot: whoever was queued there is still served.
    pub orphans_tls: HashMap<Address, Handshake, FixedState>,
    /// Edits of requests by any route.
    pub request_headers: Arc<HeaderEdits>,
    /// Edits of responses by any route, and by none.
    pub response_headers: Arc<HeaderEdits>,
    /// Upstreams by name, to carry their state over to the next snapshot.
    pub upstreams: HashMap<Name, Arc<CurrentUpstream>>,
    /// Who is let in, with what was counted so far.
    pub gates: Gates,
}

/// What is open at an address.
#[derive(Debug)]
pub struct Open {
    /// The routes.
    pub table: Arc<Table>,
    /// Which versions of HTTP are spoken.
    pub protocols: Protocols,
    /// What shakes hands; nothing if it speaks in the clear.
    pub handshake: Option<Handshake>,
}

/// What shakes hands at an address.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// How.
    pub config: Arc<ServerConfig>,
    /// Which clients may come, as a number that no other rules have: 0 is in the clear. Who came by other rules is not served.
    pub rules: u64,
}

/// A route as a request needs it. Snapshots share those for which nothing changed.
#[derive(Debug)]
pub struct Route {
    /// What the configuration says of it.
    pub definition: Arc<model::Route>,
    /// What to do.
    pub task: Task,
    /// What a request has to pass before.
    pub entry: Arc<Entry>,
    /// Edits of the request, those for all routes included.
    pub request_headers: Arc<HeaderEdits>,
    /// Edits of the response, those for all routes included.
    pub response_headers: Arc<HeaderEdits>,
}

/// What a route does.
#[derive(Debug)]
pub enum Task {
    /// Forward to an upstream.
    Forward(Arc<CurrentUpstream>),
    /// Answer with this.
    Respond(StatusCode, Bytes),
    /// Send the client there.
    Redirect(StatusCode, HeaderValue),
}

// === impl Route ===

#[cfg(test)]
impl Route {
    /// One that answers by itself.
    pub(super) fn answering(key: model::RouteKey, status: StatusCode) -> Self {
        let action = model::Action::Respond {
            status,
            body: Bytes::new(),
        };
        let definition = model::Route {
            key,
            action,
            admission: model::Admission::default(),
            body_bytes: None,
            attempts: model::Attempts::default(),
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
        };
        Self {
            definition: Arc::new(definition),
            task: Task::Respond(status, Bytes::new()),
            entry: Arc::default(),
            request_headers: Arc::default(),
            response_headers: Arc::default(),
        }
    }
}

// === impl Snapshot ===

impl Snapshot {
    /// Makes its limits and budgets count from now on, in the place of those of `previous`.
    pub fn begin(&self, previous: &Self) {
        self.gates.begin(&previous.gates);
        for (name, upstream) in &self.upstreams {
            let former = previous.upstreams.get(name);
            if former.is_none_or(|former| !Arc::ptr_eq(former, upstream)) {
                upstream.now().begin();
            }
        }
    }

    /// The number of this configuration; 0 before the first.
    pub fn revision(&self) -> u64 {
        self.generation.revision
    }

    /// What is open for a connection that arrived at `local`; none if nothing listens there any more.
    ///
    /// A connection belongs to a listener by its address alone, so it stays where it is when a listener is renamed, or when
    /// `0.0.0.0:80` takes over from `127.0.0.1:80`.
    pub fn open(&self, local: &Address) -> Option<&Open> {
        at(&self.open, local)
    }

    /// Whether somebody came to `previous` who would not be let in now, at an address that is still open.
    pub fn estranges(&self, previous: &Self) -> bool {
        let mut both = previous
            .open
            .iter()
            .filter_map(|(bound, was)| Some((was, at(&self.open, bound)?)));
        both.any(|(was, is)| {
            was.rules() != is.rules() || was.protocols.all().any(|spoken| !is.protocols.allow(spoken))
        })
    }

    /// What is spoken to a connection that arrived at `local`. At one whose listener went while it was queued there, anything.
    pub fn protocols(&self, local: &Address) -> Protocols {
        self.open(local).map(|open| open.protocols).unwrap_or_default()
    }

    /// What shakes hands with a connection that arrived at `local`; nothing if it speaks in the clear.
    pub fn handshake(&self, local: &Address) -> Option<&Handshake> {
        match self.open(local) {
            Some(open) => open.handshake.as_ref(),
            None => at(&self.orphans_tls, local),
        }
    }
}

// === impl Open ===

impl Open {
    /// Whether whoever came by these rules, and speaks this if it has said anything yet, would be let in.
    pub fn admits(&self, rules: u64, spoken: Option<Protocol>) -> bool {
        self.rules() == rules && spoken.is_none_or(|spoken| self.protocols.allow(spoken))
    }

    /// Which clients may come.
    pub fn rules(&self) -> u64 {
        self.handshake.as_ref().map_or(0, |handshake| handshake.rules)
    }
}

/// What is kept for an address, or else for all of its family at its port.
fn at<'a, T>(kept: &'a HashMap<Address, T, FixedState>, local: &Address) -> Option<&'a T> {
    kept.get(local).or_else(|| {
        let local = local.tcp()?;
        let any: IpAddr = if local.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        kept.get(&SocketAddr::new(any, local.port()).into())
    })
}
