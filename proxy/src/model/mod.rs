//! The vocabulary that everything else shares: what a valid configuration says.
//!
//! In: nothing. Out: plain values without sockets, files or clocks. A [`Model`] is made by `config` only, and an invalid state
//! cannot be written down in it: names resolve, addresses are addresses, a route leads somewhere.
//!
//! Architecture invariant: this module imports nothing of this crate.

mod acme;
mod admin;
mod admission;
mod attempts;
mod balance;
mod headers;
mod health;
mod listener;
mod pool;
mod protocol;
mod resolve;
mod route;
mod routes;
mod settings;
mod tls;
mod tracing;
mod upstream;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use acme::{Acme, Challenge};
pub use admin::{Admin, Secret};
pub use admission::{Admission, Breaker, ClientKey, Rate, RateLimit, RateUnit, SessionLimit};
pub use attempts::{Attempts, Failing, Hedge, Retry, RetryBudget, RouteTimeouts};
pub use balance::{Balance, Hash, HashBy, SameSite, Sticky};
pub use headers::HeaderEdits;
pub use health::{Check, Ejection, GrpcCheck, Health, HttpCheck, Statuses};
pub use listener::{Address, Listener};
pub use pool::Pool;
pub use protocol::{Protocol, Protocols};
pub use resolve::{Family, Resolve};
pub use route::{Action, HostMatch, PathMatch, Route, RouteKey};
pub use routes::Routes;
pub use settings::{
    Cut, Drain, Limits, Log, LogDestination, LogFormat, LogLevel, Metrics, Probe, Revisions, Settings,
};
pub use tls::{Certificate, ClientAuth, PrivateKey, Tls, TlsVersion, UpstreamTls, server_name};
pub use tracing::{Otlp, Tracing};
pub use upstream::{Endpoint, Timeouts, Upstream};

/// The name of a listener or an upstream, as the configuration's author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// A whole valid configuration.
///
/// Objects are kept under their identity and in its order, so two files that say the same in another order are equal, and a
/// difference is found by walking both once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// Everything that exists once.
    pub settings: Settings,
    /// Where connections are accepted.
    pub listeners: BTreeMap<Name, Arc<Listener>>,
    /// What is done with a request.
    pub routes: Routes,
    /// Where requests are forwarded to.
    pub upstreams: BTreeMap<Name, Arc<Upstream>>,
}

// === impl Name ===

impl Name {
    /// Takes a name that the schema found to be well-formed.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
