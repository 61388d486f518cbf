//! What shakes hands on each listener that speaks TLS, made anew only where its definition changed.
//!
//! Sessions outlive a reload: a listener keeps what makes its tickets for as long as it asks the same of its clients. Where it asks for other
//! certificates, or is another listener, no session is resumed: a client that resumes one is not asked again.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::ProducesTickets;

use crate::model::{Model, Name, Tls, UpstreamTls};
use crate::runtime::Secured;
use crate::tls::{self, Unusable};

/// By the names of listeners, and of upstreams.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    listeners: BTreeMap<Name, Handshake>,
    upstreams: BTreeMap<Name, (Arc<UpstreamTls>, Arc<Secured>)>,
}

#[derive(Debug, Clone)]
struct Handshake {
    definition: Tls,
    tickets: Arc<dyn ProducesTickets>,
    config: Arc<ServerConfig>,
}

/// A listener cannot speak TLS, or an upstream cannot be spoken to by it.
#[derive(Debug, thiserror::Error)]
#[error("no TLS for the {kind} {name}: {error}")]
pub struct HandshakeError {
    kind: &'static str,
    name: Name,
    error: Unusable,
}

// === impl HandshakeError ===

impl HandshakeError {
    /// The part of the configuration that asks for it.
    pub(super) fn component(&self) -> &'static str {
        match self.kind {
            "listener" => "listeners",
            _ => "upstreams",
        }
    }
}

// === impl Handshakes ===

impl Handshakes {
    /// All that a model needs. What is given takes the place of this one in the commit.
    pub(super) fn stage(&self, model: &Model) -> Result<Self, HandshakeError> {
        let failed = |kind, name: &Name, error| HandshakeError {
            kind,
            name: name.clone(),
            error,
        };
        let mut staged = Self::default();
        for (name, listener) in &model.listeners {
            if let Some(definition) = &listener.tls {
                let made = self.make(name, definition);
                let made = made.map_err(|error| failed("listener", name, error))?;
                staged.listeners.insert(name.clone(), made);
            }
        }
        for (name, upstream) in &model.upstreams {
            if let Some(definition) = &upstream.tls {
                let former = self
                    .upstreams
                    .get(name)
                    .filter(|(former, _)| former == definition);
                let secured = if let Some((_, secured)) = former {
                    Arc::clone(secured)
                } else {
                    let config = tls::client(definition);
                    let config = config.map_err(|error| failed("upstream", name, error))?;
                    Arc::new(Secured::new(config, definition.server_name.clone()))
                };
                let made = (Arc::clone(definition), secured);
                staged.upstreams.insert(name.clone(), made);
            }
        }
        Ok(staged)
    }

    fn make(&self, name: &Name, definition: &Tls) -> Result<Handshake, Unusable> {
        let former = self.listeners.get(name);
        if let Some(former) = former.filter(|former| former.definition == *definition) {
            return Ok(former.clone());
        }
        let same_clients = |former: &&Handshake| former.definition.client_auth == definition.client_auth;
        let tickets = match former.filter(same_clients) {
            Some(former) => Arc::clone(&former.tickets),
            None => tls::tickets()?,
        };
        Ok(Handshake {
            definition: definition.clone(),
            config: tls::server(definition, Arc::clone(&tickets))?,
            tickets,
        })
    }

    /// What shakes hands on a listener; nothing if it speaks in the clear.
    pub(super) fn of(&self, name: &Name) -> Option<&Arc<ServerConfig>> {
        self.listeners.get(name).map(|handshake| &handshake.config)
    }

    /// The same for an upstream.
    pub(super) fn with(&self, name: &Name) -> Option<&Arc<Secured>> {
        self.upstreams.get(name).map(|(_, secured)| secured)
    }
}
