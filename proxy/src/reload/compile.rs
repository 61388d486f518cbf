//! From a model to the snapshot that serves it. Pure and infallible: what could fail has been found out before.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::handshakes::Handshakes;
use crate::model::{self, Action, Address, Model, Name};
use crate::runtime::{CurrentUpstream, Gates, Generation, Open, Route, Snapshot, Table, Task};

/// What was staged for listeners.
#[derive(Debug, Default)]
pub struct Opened<'a> {
    /// For each configured address the one that is bound, where that is another.
    pub addresses: BTreeMap<Address, Address>,
    /// What shakes hands on those that speak TLS.
    pub(super) handshakes: Option<&'a Handshakes>,
}

// === impl Opened ===

impl Opened<'_> {
    /// Where these are bound, none of which speaks TLS.
    pub fn at(addresses: BTreeMap<Address, Address>) -> Self {
        Self {
            addresses,
            handshakes: None,
        }
    }
}

/// Compiles a model. What `previous` knows of endpoints is carried over.
pub fn compile(model: &Model, revision: u64, opened: &Opened<'_>, previous: &Snapshot) -> Snapshot {
    let Opened {
        addresses,
        handshakes,
    } = opened;
    let upstreams = upstreams(model, *handshakes, previous);
    let gates = previous.gates.next(model);
    let generation = Arc::new(Generation { revision });
    let everywhere = Arc::new(table(model, None, &upstreams, &gates, &generation));
    let mut open = HashMap::new();
    for (name, listener) in &model.listeners {
        let own = model.routes.keys().any(|key| key.listener.as_ref() == Some(name));
        let table = if own {
            Arc::new(table(model, Some(name), &upstreams, &gates, &generation))
        } else {
            Arc::clone(&everywhere)
        };
        let bound = addresses.get(&listener.address).unwrap_or(&listener.address);
        let handshake = handshakes.and_then(|handshakes| handshakes.of(name)).cloned();
        let one = Open {
            table,
            protocols: listener.protocols,
            handshake,
        };
        open.insert(bound.clone(), one);
    }
    let gone = previous
        .open
        .iter()
        .filter(|(bound, _)| !open.contains_key(*bound));
    let orphans_tls = gone
        .filter_map(|(bound, was)| Some((bound.clone(), was.handshake.clone()?)))
        .collect();
    Snapshot {
        generation,
        limits: model.settings.limits,
        open,
        orphans: everywhere,
        orphans_tls,
        response_headers: Arc::new(model.settings.response_headers.clone()),
        upstreams,
        gates,
    }
}

fn upstreams(
    model: &Model,
    handshakes: Option<&Handshakes>,
    previous: &Snapshot,
) -> HashMap<Name, Arc<CurrentUpstream>> {
    let upstream = |(name, definition): (&Name, &Arc<model::Upstream>)| {
        let former = previous.upstreams.get(name);
        if let Some(former) = former.filter(|former| former.now().definition == *definition) {
            return (name.clone(), Arc::clone(former));
        }
        let secured = handshakes.and_then(|handshakes| handshakes.with(name)).cloned();
        let upstream = CurrentUpstream::new(Arc::clone(definition), secured, former.map(AsRef::as_ref));
        (name.clone(), Arc::new(upstream))
    };
    model.upstreams.iter().map(upstream).collect()
}

/// The routes that are open on a listener. Those for all listeners come first in the order of keys, so that its own take their place.
fn table(
    model: &Model,
    listener: Option<&Name>,
    upstreams: &HashMap<Name, Arc<CurrentUpstream>>,
    gates: &Gates,
    generation: &Arc<Generation>,
) -> Table {
    let settings = &model.settings;
    let (request_headers, response_headers) = (
        Arc::new(settings.request_headers.clone()),
        Arc::new(settings.response_headers.clone()),
    );
    let mut table = Table::default();
    for route in model.routes.values() {
        if route.key.listener.is_some() && route.key.listener.as_ref() != listener {
            continue;
        }
        let task = match &route.action {
            Action::Forward(name) => match upstreams.get(name) {
                Some(upstream) => Task::Forward(Arc::clone(upstream)),
                None => continue,
            },
            Action::Respond { status, body } => Task::Respond(*status, body.clone()),
            Action::Redirect { status, location } => Task::Redirect(*status, location.clone()),
        };
        let compiled = Route {
            generation: Arc::clone(generation),
            definition: Arc::clone(route),
            task,
            entry: Arc::new(gates.entry(route)),
            request_headers: merged(&request_headers, &route.request_headers),
            response_headers: merged(&response_headers, &route.response_headers),
        };
        table.insert(&route.key.host, &route.key.path, Arc::new(compiled));
    }
    table
}

fn merged(outer: &Arc<model::HeaderEdits>, inner: &model::HeaderEdits) -> Arc<model::HeaderEdits> {
    if inner.is_empty() {
        Arc::clone(outer)
    } else {
        Arc::new(outer.then(inner))
    }
}
