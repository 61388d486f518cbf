//! The limits of a configuration, each with what it has counted under earlier ones.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};

use super::circuit::{BreakerFigures, Circuit};
use super::rates::{RateFigures, Rates};
use super::sessions::{SessionFigures, Sessions};
use super::{Entry, now};
use crate::model::{Action, Admission, Breaker, Model, Name, Route, RouteKey};
use crate::runtime::shards::Shards;

/// Of objects of one kind, those that are not as in the configuration before.
#[derive(Debug, Clone)]
pub struct Changed<'a, K> {
    /// New ones and those with another definition, each with its limits.
    pub set: Vec<(&'a K, &'a Admission)>,
    /// Those that are gone.
    pub gone: &'a [K],
}

/// The limits of the whole proxy, of a route or of an upstream.
#[derive(Debug)]
pub(super) struct Gate {
    limits: Admission,
    pub(super) rates: Option<Arc<Rates>>,
    pub(super) sessions: Arc<Sessions>,
}

/// All limits of a configuration.
#[derive(Debug)]
pub struct Gates {
    all: Arc<Gate>,
    routes: Scope<RouteKey>,
    upstreams: Scope<Name>,
    circuits: HashMap<Name, (Breaker, Arc<Circuit>)>,
}

/// The limits of objects of one kind.
#[derive(Debug)]
struct Scope<K> {
    gates: Shards<K, Arc<Gate>>,
    /// Those of them that are not as before.
    fresh: Vec<Arc<Gate>>,
    /// The sessions of objects that are not there any more, as long as somebody counts in them: one that comes back begins with these.
    gone: HashMap<K, Weak<Sessions>>,
}

/// What the limits of one object have counted.
#[derive(Debug)]
pub struct Figures {
    /// One of `global`, `route`, `upstream`.
    pub scope: &'static str,
    /// Which route or upstream; nothing for all of it.
    pub name: String,
    /// What bounds it.
    pub limits: Admission,
    /// Of its rate limit.
    pub rates: Option<RateFigures>,
    /// Of its sessions, limited or not.
    pub sessions: SessionFigures,
    /// Of its breaker.
    pub breaker: Option<BreakerFigures>,
}

// === impl Gate ===

impl Gate {
    fn new(limits: &Admission, previous: Option<&Arc<Self>>, sessions: Option<Arc<Sessions>>) -> Arc<Self> {
        if let Some(previous) = previous.filter(|previous| previous.limits == *limits) {
            return Arc::clone(previous);
        }
        let rates = limits.rate_limit.as_ref().map(|limit| {
            let kept = previous.and_then(|previous| previous.rates.as_ref());
            let kept = kept.filter(|rates| rates.is(limit)).cloned();
            kept.unwrap_or_else(|| Arc::new(Rates::new(limit)))
        });
        let sessions = previous
            .map(|previous| Arc::clone(&previous.sessions))
            .or(sessions)
            .unwrap_or_else(|| Sessions::new(limits.sessions));
        Arc::new(Self {
            limits: limits.clone(),
            rates,
            sessions,
        })
    }

    /// Has what is counted go by these limits from now on.
    fn begin(&self) {
        if let (Some(rates), Some(limit)) = (&self.rates, &self.limits.rate_limit) {
            rates.change(limit, now().as_nanos() as u64);
        }
        self.sessions.change(self.limits.sessions);
    }

    fn figures(&self, scope: &'static str, name: String, circuit: Option<&Circuit>) -> Option<Figures> {
        let Admission { rate_limit, sessions } = &self.limits;
        (rate_limit.is_some() || sessions.is_some() || circuit.is_some()).then(|| Figures {
            scope,
            name,
            limits: self.limits.clone(),
            rates: self
                .rates
                .as_ref()
                .map(|rates| rates.figures(now().as_nanos() as u64)),
            sessions: self.sessions.figures(),
            breaker: circuit.map(Circuit::figures),
        })
    }
}

// === impl Scope ===

impl<K: Hash + Eq + Clone> Scope<K> {
    fn new() -> Self {
        Self {
            gates: Shards::default(),
            fresh: Vec::new(),
            gone: HashMap::new(),
        }
    }

    /// Those of the next configuration.
    fn next(&self, changed: &Changed<'_, K>) -> Self {
        let (mut gates, mut fresh, mut gone) = (self.gates.clone(), Vec::new(), self.gone.clone());
        for key in changed.gone {
            if let Some(gate) = gates.remove(key) {
                gone.insert(key.clone(), Arc::downgrade(&gate.sessions));
            }
        }
        for (key, limits) in &changed.set {
            let left = gone.remove(*key).and_then(|sessions| sessions.upgrade());
            let former = gates.get(*key);
            let gate = Gate::new(limits, former, left);
            if former.is_none_or(|former| !Arc::ptr_eq(former, &gate)) {
                fresh.push(Arc::clone(&gate));
                gates.insert((*key).clone(), gate);
            }
        }
        gone.retain(|_, sessions| sessions.strong_count() > 0);
        Self { gates, fresh, gone }
    }
}

// === impl Gates ===

impl Default for Gates {
    fn default() -> Self {
        Self {
            all: Gate::new(&Admission::default(), None, None),
            routes: Scope::new(),
            upstreams: Scope::new(),
            circuits: HashMap::new(),
        }
    }
}

impl Gates {
    /// The limits of a model that follows on that of these. What is counted goes on by what counted before until they [`begin`](Self::begin).
    #[must_use]
    pub fn next(&self, model: &Model, routes: &Changed<'_, RouteKey>, upstreams: &Changed<'_, Name>) -> Self {
        let circuit = |(name, upstream): (&Name, &Arc<crate::model::Upstream>)| {
            let rules = upstream.breaker?;
            let kept = self.circuits.get(name).map(|(_, circuit)| Arc::clone(circuit));
            let circuit = kept.unwrap_or_else(|| Circuit::new(name.clone(), rules));
            Some((name.clone(), (rules, circuit)))
        };
        Self {
            all: Gate::new(&model.settings.admission, Some(&self.all), None),
            routes: self.routes.next(routes),
            upstreams: self.upstreams.next(upstreams),
            circuits: model.upstreams.iter().filter_map(circuit).collect(),
        }
    }

    /// Makes these limits count from now on, in the place of `previous`. A request that is still decided by the snapshot before goes by them too.
    pub fn begin(&self, previous: &Self) {
        if !Arc::ptr_eq(&self.all, &previous.all) {
            self.all.begin();
        }
        let fresh = self.routes.fresh.iter().chain(&self.upstreams.fresh);
        fresh.for_each(|gate| gate.begin());
        for (name, (rules, circuit)) in &self.circuits {
            if previous.circuits.get(name).is_none_or(|(old, _)| old != rules) {
                circuit.change(*rules, now());
            }
        }
    }

    /// Whether every request has to pass what it had to pass under `previous`, apart from what its route and its upstream say.
    pub fn agrees_with(&self, previous: &Self) -> bool {
        Arc::ptr_eq(&self.all, &previous.all)
    }

    /// What the requests of a route have to pass.
    pub fn entry(&self, route: &Route) -> Entry {
        let upstream = match &route.action {
            Action::Forward(name) => Some(name),
            Action::Respond { .. } | Action::Redirect { .. } => None,
        };
        let of_route = self.routes.gates.get(&route.key);
        let of_upstream = upstream.and_then(|name| self.upstreams.gates.get(name));
        let circuit = upstream.and_then(|name| self.circuits.get(name));
        Entry {
            gates: [Some(&self.all), of_route, of_upstream]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            circuit: circuit.map(|(_, circuit)| Arc::clone(circuit)),
        }
    }

    /// What all limits that there are have counted, in the order of their names.
    pub fn figures(&self) -> Vec<Figures> {
        let all = self.all.figures("global", String::new(), None);
        let routes = self
            .routes
            .gates
            .iter()
            .filter_map(|(key, gate)| gate.figures("route", key.to_string(), None));
        let upstreams = self.upstreams.gates.iter().filter_map(|(name, gate)| {
            let circuit = self.circuits.get(name).map(|(_, circuit)| circuit.as_ref());
            gate.figures("upstream", name.to_string(), circuit)
        });
        let mut figures: Vec<_> = all.into_iter().chain(routes).chain(upstreams).collect();
        figures.sort_by(|a, b| (a.scope, &a.name).cmp(&(b.scope, &b.name)));
        figures
    }
}
