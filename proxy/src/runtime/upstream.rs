//! An upstream at run time: its endpoints, what is known of them, and whose turn it is.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::affinity::{self, Wanted};
use super::attempts::{AttemptFigures, Ledger};
use super::choice;
use super::endpoint::{Condition, EndpointState, Load};
use super::names::NameState;
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
    /// Its endpoints, in the order of the definition.
    pub members: Box<[Member]>,
    /// Indexes of endpoints in the order in which they are used.
    pub(super) cycle: Box<[u16]>,
    /// Whether there is nothing but names that have never been looked up.
    pub(super) is_unknown: bool,
    pub(super) common: Arc<Common>,
}

/// One endpoint.
#[derive(Debug)]
pub struct Member {
    /// What it is known by: its address, `127.0.0.1:9000`, or the name that stands for it with its address, `app.internal=10.0.0.1:9000`.
    pub key: Arc<str>,
    /// The host and port that the configuration says.
    pub authority: Arc<str>,
    /// Where it is.
    pub address: SocketAddr,
    /// What is known of it.
    pub state: Arc<EndpointState>,
    weight: u16,
    /// What a cookie calls it.
    token: Box<str>,
    /// The number that keys are weighed with.
    pub(super) seed: u64,
}

/// What all definitions of an upstream have in common.
#[derive(Debug)]
pub(super) struct Common {
    position: AtomicUsize,
    /// Tells that names stand for other addresses.
    pub(super) refreshed: Notify,
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
    /// Lays out an upstream that was `former` before, if it was there. What its names stand for is known of `names`.
    pub(super) fn new(
        definition: Arc<model::Upstream>,
        secured: Option<Arc<Secured>>,
        former: Option<&Self>,
        names: &[Arc<NameState>],
    ) -> Self {
        let known: HashMap<&str, &Arc<EndpointState>> = former.into_iter().flat_map(Self::states).collect();
        // The first ones join nobody.
        let joins = !known.is_empty();
        let name = definition.name.as_str().as_bytes();
        let member = |endpoint: &model::Endpoint, key: Arc<str>, address: SocketAddr| {
            let state = known.get(&*key).map(|state| Arc::clone(state));
            Member {
                state: state.unwrap_or_else(|| EndpointState::new(joins)),
                token: format!("{:016x}", affinity::digest(&[b"cookie", name, key.as_bytes()])).into(),
                seed: affinity::digest(&[b"seed", key.as_bytes()]),
                authority: Arc::clone(&endpoint.authority),
                weight: endpoint.weight,
                key,
                address,
            }
        };
        let (mut members, mut is_unknown) = (Vec::new(), false);
        for endpoint in &definition.endpoints {
            if let Some(address) = endpoint.address() {
                members.push(member(endpoint, Arc::clone(&endpoint.authority), address));
            } else if let Some(known) = names.iter().find(|name| name.authority == endpoint.authority) {
                let (addresses, version) = known.addresses();
                is_unknown |= version == 0;
                let host = host_of(&endpoint.authority);
                let each = addresses.into_iter();
                members.extend(
                    each.map(|address| member(endpoint, format!("{host}={address}").into(), address)),
                );
            }
        }
        let weights: Vec<u16> = members.iter().map(|one| one.weight).collect();
        Self {
            is_unknown: is_unknown && members.is_empty(),
            members: members.into(),
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

    /// What is known of each endpoint, by what it is known by.
    pub fn states(&self) -> impl Iterator<Item = (&str, &Arc<EndpointState>)> {
        self.members.iter().map(|member| (&*member.key, &member.state))
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
        self.members.get(index).map_or(0, |one| one.weight)
    }

    /// What an endpoint is known by.
    pub(super) fn key(&self, index: usize) -> &Arc<str> {
        &self.members[index].key
    }

    /// The endpoint that a cookie names.
    pub(super) fn named(&self, token: &str) -> Option<usize> {
        self.members.iter().position(|member| *member.token == *token)
    }

    /// What a cookie calls an endpoint.
    pub(super) fn token(&self, index: usize) -> &str {
        &self.members[index].token
    }

    /// Whether an endpoint gets requests, by its place among the members.
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
            let (upstream, endpoint) = (&self.definition.name, self.key(index));
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
            let (upstream, endpoint) = (&self.definition.name, self.key(index));
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

/// The host of `host:port`.
pub(super) fn host_of(authority: &str) -> &str {
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

// === impl Common ===

impl Common {
    fn new(definition: &model::Upstream) -> Self {
        Self {
            position: AtomicUsize::new(0),
            refreshed: Notify::new(),
            ejecting: Mutex::default(),
            ledger: Ledger::new(definition.retry_budget),
        }
    }
}

#[cfg(test)]
mod tests;
