//! What a plan does to what is open: sockets, routes, connections, requests, workers.
//!
//! In: a plan, the models before and after it, and what the workers' connections do. Out: counts, and how what is counted ends. Pure. Laws: nothing is
//! touched by an empty plan; each open connection is kept, drained, or was draining before.

use std::collections::{BTreeMap, BTreeSet};

use super::Plan;
use super::sockets::{Purpose, wanted};
use crate::model::{Action, Address, Cut, Model, Name, RouteKey};
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
    /// Those that end with their next answer anyway, by an earlier change.
    pub draining: usize,
    /// Those that notice nothing.
    pub kept: usize,
    /// Those whose address nobody listens on any more: they end with their next answer.
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
            .filter(|(key, route)| {
                let is_of = matches!(&route.action, Action::Forward(name) if upstreams.contains(name));
                is_of && !by_itself.contains(key)
            })
            .map(|(key, _)| key.clone())
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
        let after: Vec<&Address> = new
            .listeners
            .values()
            .map(|listener| bound.get(&listener.address).copied().unwrap_or(&listener.address))
            .collect();
        let stays = |local: &Address| after.iter().any(|address| address.covers(local));
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
                let place = match connection {
                    connection if connection.is_draining => &mut counted.draining,
                    connection if !stays(&connection.local) => &mut counted.by_listeners,
                    _ if goes => &mut counted.by_workers,
                    _ => &mut counted.kept,
                };
                *place += 1;
            }
        }
        counted
    }
}

// === impl Requests ===

impl Requests {
    fn of(plan: &Plan, new: &Model, rolls: &[Roll]) -> Self {
        let removed: BTreeSet<&RouteKey> = plan.routes.remove.iter().collect();
        let connections = rolls.iter().flat_map(|roll| &roll.connections);
        let running: Vec<&RouteKey> = connections
            .filter_map(|connection| connection.route.as_ref())
            .collect();
        Self {
            running: running.len(),
            by_removed_routes: running.iter().filter(|key| removed.contains(*key)).count(),
            removed_routes_cut: new.settings.drain.route_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::reload::{Candidate, environment};
    use crate::runtime::Doing;

    fn model(text: &str) -> Model {
        let candidate = Candidate::new(Path::new("law.yaml"), text.as_bytes().to_vec());
        let gathered = candidate.gather(&environment).expect("a document");
        gathered.validate().unwrap_or_else(|why| panic!("{why}"))
    }

    fn tcp(text: &str) -> Address {
        Address::Tcp(text.parse().expect("an address"))
    }

    fn doing(local: &str, route: Option<&RouteKey>, is_draining: bool) -> Doing {
        Doing {
            local: tcp(local),
            route: route.cloned(),
            is_draining,
        }
    }

    fn roll(worker: usize, connections: Vec<Doing>) -> Roll {
        Roll {
            worker,
            is_leaving: false,
            connections,
        }
    }

    const OLD: &str = "workers: 2\nlisteners: [{name: a, address: '127.0.0.1:80'}, {name: b, address: '127.0.0.1:81'}, {name: z, address: '127.0.0.1:0'}]\n\
        upstreams: [{name: u, endpoints: [{address: 'h:1'}]}]\n\
        routes: [{prefix: /, upstream: u}, {prefix: /own, upstream: u, request_headers: {set: {x: '1'}}}, {prefix: /old, respond: {}}, {prefix: /same, respond: {}}]\n";

    #[test]
    fn what_ends_is_counted_and_how() {
        let old = model(OLD);
        let new = model(
            &OLD.replace(
                "workers: 2",
                "workers: 1\ndrain: {listener_timeout: 3s, route_timeout: 2s}",
            )
            .replace("127.0.0.1:81", "127.0.0.1:82")
            .replace("h:1", "h:2")
            .replace("x: '1'", "x: '2'")
            .replace("{prefix: /old, respond: {}}, ", ""),
        );
        let plan = Plan::between(&old, &new);
        let [gone] = plan.routes.remove.as_slice() else {
            panic!("{plan}")
        };
        let bound = [(Name::new("z"), tcp("127.0.0.1:4711"))];
        let rolls = [
            roll(
                3,
                vec![
                    doing("127.0.0.1:80", None, false),
                    doing("127.0.0.1:81", Some(gone), false),
                    doing("127.0.0.1:4711", Some(gone), false),
                    doing("127.0.0.1:80", None, true),
                ],
            ),
            roll(
                4,
                vec![
                    doing("127.0.0.1:80", None, false),
                    doing("127.0.0.1:81", None, false),
                ],
            ),
        ];
        let touches = Touches::of(&plan, &old, &new, &bound, &rolls);
        let expected = Touches {
            sockets: Sockets {
                open: vec![tcp("127.0.0.1:82")],
                close: vec![tcp("127.0.0.1:81")],
            },
            routes: Routes {
                count: 3,
                touched: 2,
                by_upstream: touches.routes.by_upstream.clone(),
            },
            connections: Connections {
                open: 6,
                draining: 1,
                kept: 2,
                by_listeners: 2,
                listeners_cut: Cut::After(Duration::from_secs(3)),
                by_workers: 1,
            },
            requests: Requests {
                running: 2,
                by_removed_routes: 2,
                removed_routes_cut: Cut::After(Duration::from_secs(2)),
            },
            workers: Workers { start: 0, retire: 1 },
        };
        assert_eq!(touches, expected);
        let by_upstream: Vec<_> = touches
            .routes
            .by_upstream
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(by_upstream, ["*/"]);
    }

    #[test]
    fn a_wildcard_takes_over_what_it_covers() {
        let old = model(OLD);
        let new = model(&OLD.replace("127.0.0.1:80", "0.0.0.0:80"));
        let rolls = [roll(1, vec![doing("127.0.0.1:80", None, false)])];
        let touches = Touches::of(&Plan::between(&old, &new), &old, &new, &[], &rolls);
        assert_eq!(
            (touches.connections.kept, touches.connections.by_listeners),
            (1, 0)
        );
        assert_eq!(touches.sockets.open, [tcp("0.0.0.0:80")]);
        assert_eq!(touches.sockets.close, []);
        // And back: what came to an address of its own stays, what came to another one goes.
        let rolls = [roll(
            1,
            vec![
                doing("127.0.0.1:80", None, false),
                doing("127.0.0.2:80", None, false),
            ],
        )];
        let touches = Touches::of(&Plan::between(&new, &old), &new, &old, &[], &rolls);
        assert_eq!(
            (touches.connections.kept, touches.connections.by_listeners),
            (1, 1)
        );
    }

    #[test]
    fn headers_of_all_routes_touch_them_all() {
        let (old, new) = (
            model(OLD),
            model(&(OLD.to_owned() + "response_headers: {set: {x-g: '2'}}\n")),
        );
        let touches = Touches::of(&Plan::between(&old, &new), &old, &new, &[], &[]);
        assert_eq!((touches.routes.count, touches.routes.touched), (4, 4));
    }

    proptest! {
        #[test]
        fn each_connection_is_counted_once(
            ports in prop::collection::btree_set(80..86_u16, 1..5), then in prop::collection::btree_set(80..86_u16, 1..5),
            workers in (1..4_usize, 1..4_usize), open in prop::collection::vec((0..4_usize, 80..86_u16, any::<bool>()), 0..12)
        ) {
            let text = |ports: &BTreeSet<u16>, workers: usize| {
                let listeners: Vec<_> = ports.iter().map(|port| format!("{{name: l{port}, address: '127.0.0.1:{port}'}}")).collect();
                format!("workers: {workers}\nlisteners: [{}]\nroutes: [{{prefix: /, respond: {{}}}}]\n", listeners.join(", "))
            };
            let (old, new) = (model(&text(&ports, workers.0)), model(&text(&then, workers.1)));
            let rolls: Vec<_> = (0..workers.0).map(|worker| {
                let of_it = open.iter().filter(|(number, ..)| number % workers.0 == worker);
                roll(worker, of_it.map(|(_, port, draining)| doing(&format!("127.0.0.1:{port}"), None, *draining)).collect())
            }).collect();
            let touches = Touches::of(&Plan::between(&old, &new), &old, &new, &[], &rolls);
            let Connections { open: all, draining, kept, by_listeners, by_workers, .. } = touches.connections;
            prop_assert_eq!(all, open.len());
            prop_assert_eq!(draining + kept + by_listeners + by_workers, all);
            let same = Touches::of(&Plan::between(&old, &old), &old, &old, &[], &rolls);
            prop_assert!(same.sockets.open.is_empty() && same.sockets.close.is_empty());
            prop_assert_eq!((same.routes.touched, same.connections.by_workers), (0, 0));
        }
    }
}
