//! An upstream at run time: its endpoints, what is known of them, and whose turn it is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::affinity::{self, Wanted};
use super::attempts::{AttemptFigures, Ledger};
use super::choice;
use super::endpoint::{Condition, EndpointState, Load};
use super::secured::Secured;
use crate::model::{self, Ejection};

/// A group of endpoints and the position in their cycle.
///
/// What is known of an endpoint is kept as long as the upstream's name and the endpoint's address are, whatever else of the definition changes.
#[derive(Debug)]
pub struct Upstream {
    /// What the configuration says.
    pub definition: Arc<model::Upstream>,
    /// What shakes hands with it; nothing if it is spoken to in the clear.
    pub secured: Option<Arc<Secured>>,
    pub(super) members: Box<[Member]>,
    /// Indexes of endpoints in the order in which they are used.
    pub(super) cycle: Box<[u16]>,
    common: Arc<Common>,
}

/// One endpoint, in the order of the definition.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) state: Arc<EndpointState>,
    /// What a cookie calls it.
    token: Box<str>,
    /// The number that keys are weighed with.
    pub(super) seed: u64,
}

/// What all definitions of an upstream have in common.
#[derive(Debug)]
struct Common {
    position: AtomicUsize,
    /// Held while an endpoint is ejected, so that no two are where one may be.
    ejecting: Mutex<()>,
    ledger: Ledger,
}

/// An endpoint that a request is given to.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) index: usize,
    pub(super) load: Load,
}

// === impl Upstream ===

impl Upstream {
    /// Lays out an upstream that was `former` before, if it was there.
    pub fn new(
        definition: Arc<model::Upstream>,
        secured: Option<Arc<Secured>>,
        former: Option<&Self>,
    ) -> Self {
        let known: HashMap<&str, &Arc<EndpointState>> = former.into_iter().flat_map(Self::states).collect();
        let member = |endpoint: &model::Endpoint| {
            let (name, address) = (definition.name.as_str().as_bytes(), endpoint.authority.as_bytes());
            let state = known.get(&*endpoint.authority).map(|state| Arc::clone(state));
            Member {
                state: state.unwrap_or_else(|| EndpointState::new(former.is_some())),
                token: format!("{:016x}", affinity::digest(&[b"cookie", name, address])).into(),
                seed: affinity::digest(&[b"seed", address]),
            }
        };
        let weights: Vec<u16> = definition.endpoints.iter().map(|one| one.weight).collect();
        Self {
            members: definition.endpoints.iter().map(member).collect(),
            cycle: choice::smooth_cycle(&weights),
            common: former.map_or_else(
                || Arc::new(Common::new(&definition)),
                |former| Arc::clone(&former.common),
            ),
            definition,
            secured,
        }
    }

    /// Has its attempts go by its own rules from now on, whatever configuration their requests belong to.
    pub(super) fn begin(&self) {
        self.common.ledger.change(self.definition.retry_budget);
    }

    /// What its attempts have come to.
    pub fn attempts(&self) -> AttemptFigures {
        self.common.ledger.figures()
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.common.ledger
    }

    /// What is known of each endpoint, by its address.
    pub fn states(&self) -> impl Iterator<Item = (&str, &Arc<EndpointState>)> {
        let endpoints = self.definition.endpoints.iter();
        let states = self.members.iter().map(|member| &member.state);
        endpoints.map(|one| &*one.authority).zip(states)
    }

    /// Gives a request to an endpoint that it was not given to before; nothing if no other one gets requests.
    pub(super) fn take(&self, wanted: Wanted, tried: &[usize]) -> Option<Taken> {
        let may = |index: usize| !tried.contains(&index) && self.is_open(index);
        let sticky = wanted.sticky.filter(|&index| may(index));
        let index = sticky.or_else(|| choice::choose(self, wanted.key, may))?;
        let load = self.members.get(index)?.state.load();
        Some(Taken { index, load })
    }

    pub(super) fn next_position(&self) -> usize {
        self.common.position.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn weight(&self, index: usize) -> u16 {
        self.definition.endpoints.get(index).map_or(0, |one| one.weight)
    }

    pub(super) fn authority(&self, index: usize) -> &Arc<str> {
        &self.definition.endpoints[index].authority
    }

    /// The endpoint that a cookie names.
    pub(super) fn named(&self, token: &str) -> Option<usize> {
        self.members.iter().position(|member| *member.token == *token)
    }

    /// What a cookie calls an endpoint.
    pub(super) fn token(&self, index: usize) -> &str {
        &self.members[index].token
    }

    /// Whether an endpoint gets requests, by its place in the definition.
    pub fn is_open(&self, index: usize) -> bool {
        let Some(Member { state, .. }) = self.members.get(index) else {
            return false;
        };
        self.weight(index) > 0 && !self.is_unhealthy(state) && !self.is_ejected(state, index)
    }

    /// What checks found counts as long as there are checks.
    fn is_unhealthy(&self, state: &EndpointState) -> bool {
        self.definition.health.is_some() && state.condition() == Condition::Unhealthy
    }

    fn is_ejected(&self, state: &EndpointState, index: usize) -> bool {
        if state.is_just_back() {
            let (upstream, endpoint) = (&self.definition.name, self.authority(index));
            tracing::info!(%upstream, %endpoint, "endpoint no longer ejected");
        }
        self.definition.ejection.is_some() && state.ejected_for().is_some()
    }

    /// Takes note of an answer.
    pub(super) fn answered(&self, index: usize, status: u16) {
        match &self.definition.ejection {
            Some(rules) if rules.statuses.contains(status) => self.failed(index),
            Some(_) => self.members[index].state.succeeded(),
            None => {}
        }
    }

    /// Takes note of an endpoint that gave no answer.
    pub(super) fn failed(&self, index: usize) {
        let Some(rules) = &self.definition.ejection else {
            return;
        };
        let state = &self.members[index].state;
        if state.failed(rules.after)
            && let Some(time) = self.eject(index, rules)
        {
            let (upstream, endpoint) = (&self.definition.name, self.authority(index));
            let time_ms = time.as_millis() as u64;
            tracing::warn!(%upstream, %endpoint, time_ms, failures = rules.after, "endpoint ejected");
        }
    }

    /// Ejects an endpoint, unless too many are already, or no other one would get requests.
    fn eject(&self, index: usize, rules: &Ejection) -> Option<std::time::Duration> {
        let _held = self
            .common
            .ejecting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_ejected = |member: &&Member| member.state.ejected_for().is_some();
        let ejected = self.members.iter().filter(is_ejected).count();
        let allowed = self.members.len() * usize::from(rules.max_share) / 100;
        let others = (0..self.members.len()).filter(|&other| other != index && self.is_open(other));
        let state = &self.members[index].state;
        let may = state.ejected_for().is_none() && ejected < allowed && others.count() > 0;
        may.then(|| state.eject(rules))
    }
}

// === impl Common ===

impl Common {
    fn new(definition: &model::Upstream) -> Self {
        Self {
            position: AtomicUsize::new(0),
            ejecting: Mutex::default(),
            ledger: Ledger::new(definition.retry_budget),
        }
    }
}

#[cfg(test)]
mod tests;
