//! What a plan does to what is open: sockets, routes, connections, requests, workers.
//!
//! In: a plan, the models before and after it, and what the workers' connections do. Out: counts, and how what is counted ends. Pure. Laws: nothing is
//! touched by an empty plan; each open connection is kept, drained, or was draining before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Plan;
use super::sockets::{Purpose, wanted};
use crate::model::{Action, Address, ClientAuth, Cut, Listener, Model, Name, Protocol, RouteKey};
use crate::runtime::Roll;

/// What a plan does to what is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touches {
    /// Addresses that are listened on.
    pub sockets: Sockets,
    /// Routes of what will serve.
    pub routes: Routes,
    /// Client connections, tunnels included.
    pub connections: Connections,
    /// Requests that are being answered, tunnels included.
    pub requests: Requests,
    /// Workers.
    pub workers: Workers,
}

/// Addresses that are listened on, those of `admin` included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sockets {
    /// New ones.
    pub open: Vec<Address>,
    /// Those that nobody listens on any more. What is queued there is still served.
    pub close: Vec<Address>,
}

/// Routes of what will serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    /// All of them.
    pub count: usize,
    /// Those that are new or different, by themselves, by their upstream, or by headers of all routes.
    pub touched: usize,
    /// Those of them that are different by their upstream alone.
    pub by_upstream: Vec<RouteKey>,
}

/// Client connections, tunnels included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// All that are open.
    pub open: usize,
    /// Those that end anyway, by an earlier change.
    pub draining: usize,
    /// Those that notice nothing.
    pub kept: usize,
    /// Those whose address nobody listens on any more, or not for clients that came as they did: they end with their next answer. Tunnels, which have none, end by
    /// themselves.
    pub by_listeners: usize,
    /// When those that have not ended are cut off.
    pub listeners_cut: Cut,
    /// Those whose worker goes: they end with their next answer, and are never cut off.
    pub by_workers: usize,
}

/// Requests that are being answered, tunnels included. Each is answered by what it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requests {
    /// All of them.
    pub running: usize,
    /// Those by a route that is removed.
    pub by_removed_routes: usize,
    /// When those are cut off.
    pub removed_routes_cut: Cut,
}

/// Workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    /// Those that begin.
    pub start: usize,
    /// Those that take no more connections, and end with their last one.
    pub retire: usize,
}

// === impl Touches ===

impl Touches {
    /// Of a plan from `old` to `new`. `bound` are the addresses that the listeners of `old` are bound to, `rolls` what each worker has.
    pub fn of(plan: &Plan, old: &Model, new: &Model, bound: &[(Name, Address)], rolls: &[Roll]) -> Self {
        Self {
            sockets: Sockets::between(old, new),
            routes: Routes::of(plan, new),
            connections: Connections::of(old, new, bound, rolls),
            requests: Requests::of(plan, new, rolls),
            workers: Workers {
                start: new.settings.workers.saturating_sub(old.settings.workers),
                retire: old.settings.workers.saturating_sub(new.settings.workers),
            },
        }
    }
}

// === impl Sockets ===

impl Sockets {
    /// What leads from the one to the other. What a new wildcard covers stays open below it.
    pub fn between(old: &Model, new: &Model) -> Self {
        let (before, after) = (wanted(old), wanted(new));
        let is_covered = |address: &Address| {
            after.contains_key(address) || after.keys().any(|wider| wider.covers(address))
        };
        let missing = |of: &BTreeMap<Address, Purpose>, keep: &dyn Fn(&Address) -> bool| {
            of.keys().filter(|address| !keep(address)).cloned().collect()
        };
        Self {
            open: missing(&after, &|address| before.contains_key(address)),
            close: missing(&before, &is_covered),
        }
    }
}

// === impl Routes ===

impl Routes {
    fn of(plan: &Plan, new: &Model) -> Self {
        let settings = plan.settings.iter().flat_map(|(_, names)| names);
        let all = settings
            .into_iter()
            .any(|name| matches!(*name, "request_headers" | "response_headers"));
        let upstreams: BTreeSet<&Name> = plan.upstreams.change.iter().map(|(name, _)| name).collect();
        let by_itself = plan.routes.add.iter().chain(&plan.routes.change);
        let by_itself: BTreeSet<&RouteKey> = by_itself.map(|(key, _)| key).collect();
        let by_upstream: Vec<RouteKey> = new
            .routes
            .iter()
            .filter(|route| {
                let is_of = matches!(&route.action, Action::Forward(name) if upstreams.contains(name));
                is_of && !by_itself.contains(&route.key)
            })
            .map(|route| route.key.clone())
            .collect();
        let count = new.routes.len();
        Self {
            count,
            touched: if all {
                count
            } else {
                by_itself.len() + by_upstream.len()
            },
            by_upstream,
        }
    }
}

// === impl Connections ===

impl Connections {
    fn of(old: &Model, new: &Model, bound: &[(Name, Address)], rolls: &[Roll]) -> Self {
        // An address with port 0 is bound to another one, and stays so while it is configured.
        let configured = |name: &Name| old.listeners.get(name).map(|listener| &listener.address);
        let bound: BTreeMap<&Address, &Address> = bound
            .iter()
            .filter_map(|(name, address)| Some((configured(name)?, address)))
            .collect();
        let open = |model: &'_ Model| {
            let listeners = model.listeners.values();
            let open = listeners.map(|listener| {
                let address = bound.get(&listener.address).copied().unwrap_or(&listener.address);
                (address.clone(), listener.clone())
            });
            open.collect::<Vec<_>>()
        };
        let (before, after) = (open(old), open(new));
        let at = |open: &[(Address, Arc<Listener>)], local: &Address| {
            let found = open.iter().find(|(address, _)| address.covers(local));
            found.map(|(_, listener)| Arc::clone(listener))
        };
        // Many connections have come to few addresses.
        let mut fates: BTreeMap<(&Address, Option<Protocol>), Fate> = BTreeMap::new();
        let fate = |local: &Address, spoken| match (at(&before, local), at(&after, local)) {
            (None, _) => Fate::LeftOver,
            (Some(before), Some(after)) if admits(&before, &after, spoken) => Fate::Kept,
            _ => Fate::Stranger,
        };
        let mut counted = Self {
            open: 0,
            draining: 0,
            kept: 0,
            by_listeners: 0,
            listeners_cut: new.settings.drain.listener_timeout,
            by_workers: 0,
        };
        // The last ones go.
        let staying = rolls.iter().filter(|roll| !roll.is_leaving);
        let last = staying.map(|roll| roll.worker).take(new.settings.workers).last();
        for roll in rolls {
            let goes = last.is_some_and(|last| roll.worker > last);
            for connection in &roll.connections {
                counted.open += 1;
                let (local, spoken) = (&connection.local, connection.protocol);
                let fate = fates
                    .entry((local, spoken))
                    .or_insert_with(|| fate(local, spoken));
                let place = match fate {
                    _ if connection.is_draining || roll.is_leaving => &mut counted.draining,
                    Fate::LeftOver => &mut counted.draining,
                    Fate::Stranger => &mut counted.by_listeners,
                    Fate::Kept if goes => &mut counted.by_workers,
                    Fate::Kept => &mut counted.kept,
                };
                *place += 1;
            }
        }
        counted
    }
}

/// What becomes of those who came to an address.
enum Fate {
    /// Their listener is gone already.
    LeftOver,
    /// Their listener goes, or lets in others.
    Stranger,
    Kept,
}

/// Which clients a listener lets in.
#[derive(Debug, PartialEq, Eq)]
enum Rules {
    Clear,
    Tls(Option<Arc<ClientAuth>>),
}

/// Whether whoever came by the rules of before would be let in after.
fn admits(before: &Listener, after: &Listener, spoken: Option<Protocol>) -> bool {
    rules(before) == rules(after) && spoken.is_none_or(|spoken| after.protocols.allow(spoken))
}

fn rules(listener: &Listener) -> Rules {
    match &listener.tls {
        Some(tls) => Rules::Tls(tls.client_auth.clone()),
        None => Rules::Clear,
    }
}

// === impl Requests ===

impl Requests {
    fn of(plan: &Plan, new: &Model, rolls: &[Roll]) -> Self {
        let removed: BTreeSet<&RouteKey> = plan.routes.remove.iter().collect();
        let connections = rolls.iter().flat_map(|roll| &roll.connections);
        let running: Vec<&RouteKey> = connections.flat_map(|connection| &connection.routes).collect();
        Self {
            running: running.len(),
            by_removed_routes: running.iter().filter(|key| removed.contains(*key)).count(),
            removed_routes_cut: new.settings.drain.route_timeout,
        }
    }
}

#[cfg(test)]
mod tests;
