//! What shakes hands on each listener that speaks TLS, made anew only where its definition changed.
//!
//! Sessions outlive a reload: a listener keeps what makes its tickets for as long as it asks the same of its clients. Where it asks for other
//! certificates, or is another listener, no session is resumed: a client that resumes one is not asked again.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::ProducesTickets;

use crate::model::{Model, Name, Tls};
use crate::tls::{self, Unusable};

/// By the name of the listener.
#[derive(Debug, Default)]
pub(super) struct Handshakes(BTreeMap<Name, Handshake>);

#[derive(Debug, Clone)]
struct Handshake {
    definition: Tls,
    tickets: Arc<dyn ProducesTickets>,
    config: Arc<ServerConfig>,
}

/// A listener cannot speak TLS.
#[derive(Debug, thiserror::Error)]
#[error("the listener {name} cannot speak TLS: {error}")]
pub struct HandshakeError {
    name: Name,
    error: Unusable,
}

// === impl Handshakes ===

impl Handshakes {
    /// All that a model needs. What is given takes the place of this one in the commit.
    pub(super) fn stage(&self, model: &Model) -> Result<Self, HandshakeError> {
        let mut staged = BTreeMap::new();
        for (name, listener) in &model.listeners {
            if let Some(definition) = &listener.tls {
                let made = self.make(name, definition).map_err(|error| HandshakeError {
                    name: name.clone(),
                    error,
                })?;
                staged.insert(name.clone(), made);
            }
        }
        Ok(Self(staged))
    }

    fn make(&self, name: &Name, definition: &Tls) -> Result<Handshake, Unusable> {
        let former = self.0.get(name);
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
        self.0.get(name).map(|handshake| &handshake.config)
    }
}
