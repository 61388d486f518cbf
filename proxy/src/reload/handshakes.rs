//! What shakes hands on each listener that speaks TLS, made anew only where its definition changed.
//!
//! Sessions outlive a reload: a listener keeps what makes its tickets for as long as it asks the same of its clients. Where it asks for other
//! certificates, or is another listener, no session is resumed, and no connection served on: neither would be asked again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::server::ProducesTickets;

use crate::model::{Address, Listener, Model, Name, Protocol, Protocols, Tls, UpstreamTls};
use crate::runtime::{Handshake, Secured};
use crate::tls::{self, Unusable, Vault};

/// By the names of listeners, and of upstreams.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    /// What was issued while the proxy runs, the same one from change to change.
    pub(super) vault: Arc<Vault>,
    listeners: BTreeMap<Name, Made>,
    upstreams: BTreeMap<Name, (Arc<UpstreamTls>, Protocol, Arc<Secured>)>,
}

#[derive(Debug, Clone)]
struct Made {
    address: Address,
    protocols: Protocols,
    definition: Tls,
    /// The directory of who issues certificates for its hosts.
    authority: Option<Arc<str>>,
    tickets: Arc<dyn ProducesTickets>,
    handshake: Handshake,
}

/// A listener cannot speak TLS, or an upstream cannot be spoken to by it.
#[derive(Debug, thiserror::Error)]
#[error("no TLS for `{name}` of `{component}`: {error}")]
pub struct HandshakeError {
    /// The part of the configuration that asks for it.
    pub(super) component: &'static str,
    name: Name,
    error: Unusable,
}

/// 0 is in the clear.
static NEXT_RULES: AtomicU64 = AtomicU64::new(1);

// === impl Handshakes ===

impl Handshakes {
    /// All that a model needs. What is given takes the place of this one in the commit.
    pub(super) fn stage(&self, model: &Model) -> Result<Self, HandshakeError> {
        let failed = |component, name: &Name, error| HandshakeError {
            component,
            name: name.clone(),
            error,
        };
        let mut staged = Self {
            vault: Arc::clone(&self.vault),
            ..Self::default()
        };
        let authority = model.settings.acme.as_ref().map(|acme| &acme.directory);
        for (name, listener) in &model.listeners {
            if let Some(definition) = &listener.tls {
                let made = self.make(listener, definition, authority);
                let made = made.map_err(|error| failed("listeners", name, error))?;
                staged.listeners.insert(name.clone(), made);
            }
        }
        for (name, upstream) in &model.upstreams {
            if let Some(definition) = &upstream.tls {
                let protocol = upstream.protocol;
                let former = self.upstreams.get(name);
                let former = former.filter(|(was, spoke, _)| was == definition && *spoke == protocol);
                let secured = if let Some((_, _, secured)) = former {
                    Arc::clone(secured)
                } else {
                    let config = tls::client(definition, protocol);
                    let config = config.map_err(|error| failed("upstreams", name, error))?;
                    Arc::new(Secured::new(config, definition.server_name.clone()))
                };
                let made = (Arc::clone(definition), protocol, secured);
                staged.upstreams.insert(name.clone(), made);
            }
        }
        Ok(staged)
    }

    /// What was there before: connections belong to a listener by its address, whatever it is called; one that moves keeps its sessions.
    fn former(&self, name: &Name, address: &Address) -> Option<&Made> {
        let mut all = self.listeners.values();
        let here = all.find(|made| made.address == *address);
        let over_here = || {
            self.listeners
                .values()
                .find(|made| made.address.overlaps(address))
        };
        here.or_else(over_here).or_else(|| self.listeners.get(name))
    }

    fn make(
        &self,
        listener: &Listener,
        definition: &Tls,
        authority: Option<&Arc<str>>,
    ) -> Result<Made, Unusable> {
        let Listener {
            name,
            address,
            protocols,
            tls: _,
        } = listener;
        let former = self.former(name, address);
        let authority = authority.filter(|_| !definition.acme_hosts.is_empty());
        let is_same = |former: &&Made| {
            former.definition == *definition
                && former.protocols == *protocols
                && former.authority.as_ref() == authority
        };
        if let Some(former) = former.filter(is_same) {
            return Ok(Made {
                address: address.clone(),
                ..former.clone()
            });
        }
        let same_clients = |former: &&Made| former.definition.client_auth == definition.client_auth;
        let (tickets, rules) = match former.filter(same_clients) {
            Some(former) => (Arc::clone(&former.tickets), former.handshake.rules),
            None => (tls::tickets()?, NEXT_RULES.fetch_add(1, Ordering::Relaxed)),
        };
        let slots: Vec<_> = match authority {
            Some(directory) => {
                let hosts = definition.acme_hosts.iter();
                hosts.map(|host| self.vault.slot(directory, host)).collect()
            }
            None => Vec::new(),
        };
        let config = tls::server(definition, &slots, *protocols, Arc::clone(&tickets))?;
        Ok(Made {
            address: address.clone(),
            protocols: *protocols,
            definition: definition.clone(),
            authority: authority.cloned(),
            tickets,
            handshake: Handshake { config, rules },
        })
    }

    /// What shakes hands on a listener; nothing if it speaks in the clear.
    pub(super) fn of(&self, name: &Name) -> Option<&Handshake> {
        self.listeners.get(name).map(|made| &made.handshake)
    }

    /// The same for an upstream.
    pub(super) fn with(&self, name: &Name) -> Option<&Arc<Secured>> {
        self.upstreams.get(name).map(|(_, _, secured)| secured)
    }
}
