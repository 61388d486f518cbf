//! From a model to the snapshot that serves it. Pure and infallible: what could fail has been found out before.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::handshakes::Handshakes;
use super::plan::Plan;
use crate::model::{self, Action, Address, HeaderEdits, Model, Name, RouteKey};
use crate::runtime::{Changed, CurrentUpstream, Gates, Generation, Open, Route, Snapshot, Table, Task};

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

/// Compiles a model that `plan` makes of the one which `previous` serves. What is known of endpoints is carried over, and what does not change is shared.
pub fn compile(
    model: &Model,
    plan: &Plan,
    revision: u64,
    opened: &Opened<'_>,
    previous: &Snapshot,
) -> Snapshot {
    let Opened {
        addresses,
        handshakes,
    } = opened;
    let gates = gates(model, plan, previous);
    let routes = Routes {
        upstreams: upstreams(model, *handshakes, previous),
        request_headers: shared(&model.settings.request_headers, &previous.request_headers),
        response_headers: shared(&model.settings.response_headers, &previous.response_headers),
        gates,
    };
    let everywhere = Arc::new(routes.everywhere(model, plan, previous));
    let mut open = HashMap::default();
    // In the order of keys, routes for all listeners come first.
    let own: Vec<_> = model
        .routes
        .iter()
        .rev()
        .map_while(|route| Some((route.key.listener.as_ref()?, route)))
        .collect();
    for (name, listener) in &model.listeners {
        let mut of_it = own
            .iter()
            .filter(|(listener, _)| *listener == name)
            .map(|(_, route)| route)
            .peekable();
        let table = if of_it.peek().is_some() {
            let mut table = Table::clone(&everywhere);
            // They take the place of those for all listeners.
            for compiled in of_it.filter_map(|route| routes.compile(route)) {
                table.insert(compiled);
            }
            Arc::new(table)
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
    let Routes {
        upstreams,
        gates,
        request_headers,
        response_headers,
    } = routes;
    Snapshot {
        generation: Arc::new(Generation { revision }),
        limits: model.settings.limits,
        open,
        orphans: everywhere,
        orphans_tls,
        request_headers,
        response_headers,
        upstreams,
        gates,
    }
}

fn gates(model: &Model, plan: &Plan, previous: &Snapshot) -> Gates {
    let routes = plan.routes.add.iter().chain(&plan.routes.change);
    let upstreams = plan.upstreams.add.iter().chain(&plan.upstreams.change);
    let routes = Changed {
        set: routes.map(|(key, route)| (key, &route.admission)).collect(),
        gone: &plan.routes.remove,
    };
    let upstreams = Changed {
        set: upstreams
            .map(|(name, upstream)| (name, &upstream.admission))
            .collect(),
        gone: &plan.upstreams.remove,
    };
    previous.gates.next(model, &routes, &upstreams)
}

/// The same edits as before, if they are.
fn shared(edits: &HeaderEdits, previous: &Arc<HeaderEdits>) -> Arc<HeaderEdits> {
    if **previous == *edits {
        Arc::clone(previous)
    } else {
        Arc::new(edits.clone())
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

/// What routes are made of.
struct Routes {
    upstreams: HashMap<Name, Arc<CurrentUpstream>>,
    gates: Gates,
    request_headers: Arc<HeaderEdits>,
    response_headers: Arc<HeaderEdits>,
}

// === impl Routes ===

impl Routes {
    /// The routes for all listeners: those of `previous` but for what is different.
    fn everywhere(&self, model: &Model, plan: &Plan, previous: &Snapshot) -> Table {
        let is_other = !self.gates.agrees_with(&previous.gates)
            || !Arc::ptr_eq(&self.request_headers, &previous.request_headers)
            || !Arc::ptr_eq(&self.response_headers, &previous.response_headers);
        let all = model
            .routes
            .iter()
            .take_while(|route| route.key.listener.is_none());
        if is_other {
            let mut table = Table::default();
            for compiled in all.filter_map(|route| self.compile(route)) {
                table.insert(compiled);
            }
            return table;
        }
        let mut table = Table::clone(&previous.orphans);
        let is_here = |key: &&RouteKey| key.listener.is_none();
        for key in plan.routes.remove.iter().filter(is_here) {
            table.remove(&key.host, &key.path);
        }
        let changed = plan.routes.add.iter().chain(&plan.routes.change);
        let changed = changed.filter(|(key, _)| is_here(&key)).map(|(_, route)| route);
        for compiled in changed.filter_map(|route| self.compile(route)) {
            table.insert(compiled);
        }
        let is_kept = |(name, upstream): (&Name, &Arc<CurrentUpstream>)| {
            let former = previous.upstreams.get(name);
            former.is_some_and(|former| Arc::ptr_eq(former, upstream))
        };
        let others: HashSet<&Name> = self
            .upstreams
            .iter()
            .filter(|one| !is_kept(*one))
            .map(|(name, _)| name)
            .collect();
        if !others.is_empty() {
            let leads_there = |route: &&Arc<model::Route>| matches!(&route.action, Action::Forward(name) if others.contains(name));
            for compiled in all.filter(leads_there).filter_map(|route| self.compile(route)) {
                table.insert(compiled);
            }
        }
        table
    }

    /// None if it leads nowhere, which no valid model says.
    fn compile(&self, route: &Arc<model::Route>) -> Option<Arc<Route>> {
        let task = match &route.action {
            Action::Forward(name) => Task::Forward(Arc::clone(self.upstreams.get(name)?)),
            Action::Respond { status, body } => Task::Respond(*status, body.clone()),
            Action::Redirect { status, location } => Task::Redirect(*status, location.clone()),
        };
        Some(Arc::new(Route {
            definition: Arc::clone(route),
            task,
            entry: Arc::new(self.gates.entry(route)),
            request_headers: merged(&self.request_headers, &route.request_headers),
            response_headers: merged(&self.response_headers, &route.response_headers),
        }))
    }
}

fn merged(outer: &Arc<HeaderEdits>, inner: &HeaderEdits) -> Arc<HeaderEdits> {
    if inner.is_empty() {
        Arc::clone(outer)
    } else {
        Arc::new(outer.then(inner))
    }
}
