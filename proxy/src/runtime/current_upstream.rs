//! An upstream whose endpoints may change while one configuration serves, because names stand for other addresses.
//!
//! In: a definition, and what is known of its names. Out: the [`Upstream`] of the moment, which a request takes once and keeps.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::names::NameState;
use super::secured::Secured;
use super::upstream::Upstream;
use crate::model;

/// The pointer to an upstream as it is now.
#[derive(Debug)]
pub struct CurrentUpstream {
    now: ArcSwap<Upstream>,
    names: Box<[Arc<NameState>]>,
    /// Which versions of the names are laid out, held while others are.
    laid_out: Mutex<u64>,
}

// === impl CurrentUpstream ===

impl CurrentUpstream {
    /// Lays out an upstream that was `former` before, if it was there. Of a name that is new, nothing is known, and nobody is asked here.
    pub fn new(
        definition: Arc<model::Upstream>,
        secured: Option<Arc<Secured>>,
        former: Option<&Self>,
    ) -> Self {
        let known = |authority: &str| {
            let names = former.into_iter().flat_map(|former| &former.names);
            let mut found = names.filter(|name| *name.authority == *authority);
            found.next().map(Arc::clone)
        };
        let names = definition.endpoints.iter().filter(|one| one.address().is_none());
        let names: Box<[_]> = names
            .map(|one| known(&one.authority).unwrap_or_else(|| NameState::new(&one.authority)))
            .collect();
        let version = version(&names);
        let former = former.map(Self::now);
        let now = Upstream::new(definition, secured, former.as_deref(), &names);
        Self {
            now: ArcSwap::from_pointee(now),
            names,
            laid_out: Mutex::new(version),
        }
    }

    /// As it is now.
    pub fn now(&self) -> Arc<Upstream> {
        self.now.load_full()
    }

    /// What is known of its names.
    pub fn names(&self) -> &[Arc<NameState>] {
        &self.names
    }

    /// Lays out what has been learned of names since the last time, and says whether anything has.
    pub fn refresh(&self) -> bool {
        let mut laid_out = self.laid_out.lock().unwrap_or_else(PoisonError::into_inner);
        // Read before the addresses: what is learned meanwhile is at most laid out twice.
        let version = version(&self.names);
        if *laid_out == version {
            return false;
        }
        let now = self.now();
        let (definition, secured) = (Arc::clone(&now.definition), now.secured.clone());
        let next = Upstream::new(definition, secured, Some(&now), &self.names);
        self.now.store(Arc::new(next));
        *laid_out = version;
        drop(laid_out);
        now.common.refreshed.notify_waiters();
        true
    }

    /// As it is once a request has somewhere to go: where nothing is there but names that have never been looked up, their first lookup is
    /// waited for, as long as a connection may take.
    pub(super) async fn ready(&self) -> Arc<Upstream> {
        let now = self.now();
        if !now.is_unknown {
            return now;
        }
        let known = async {
            loop {
                let refreshed = now.common.refreshed.notified();
                // A newer configuration may be the one that is refreshed.
                self.refresh();
                if !self.now.load().is_unknown {
                    return;
                }
                refreshed.await;
            }
        };
        // Where time runs out there is no endpoint.
        let _ = Box::pin(tokio::time::timeout(now.definition.timeouts.connect, known)).await;
        self.now()
    }
}

fn version(names: &[Arc<NameState>]) -> u64 {
    names.iter().map(|name| name.addresses().1).sum()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::super::affinity::Wanted;
    use super::*;
    use crate::model::{Balance, Endpoint, Name, Timeouts};

    fn definition(endpoints: &[&str]) -> Arc<model::Upstream> {
        let endpoint = |authority: &&str| Endpoint {
            authority: Arc::from(*authority),
            weight: 1,
        };
        Arc::new(model::Upstream {
            name: Name::new("app"),
            endpoints: endpoints.iter().map(endpoint).collect(),
            resolve: model::Resolve::default(),
            timeouts: Timeouts::default(),
            pool: model::Pool::default(),
            protocol: model::Protocol::Http1,
            tls: None,
            admission: model::Admission::default(),
            breaker: None,
            retry_budget: model::RetryBudget::default(),
            balance: Balance::RoundRobin,
            sticky: None,
            health: None,
            ejection: None,
            slow_start: None,
        })
    }

    fn found(all: &[&str]) -> Vec<SocketAddr> {
        all.iter().map(|one| one.parse().expect("an address")).collect()
    }

    fn keys(upstream: &Upstream) -> Vec<&str> {
        upstream.states().map(|(key, _)| key).collect()
    }

    #[test]
    fn addresses_that_stay_keep_what_is_known_of_them_and_a_request_keeps_its_own() {
        let current = CurrentUpstream::new(definition(&["127.0.0.1:1", "app.internal:2"]), None, None);
        assert_eq!(keys(&current.now()), ["127.0.0.1:1"]);
        let [name] = current.names() else {
            panic!("{current:?}")
        };
        name.learn(Ok(found(&["10.0.0.1:2", "10.0.0.2:2"])));
        current.refresh();
        let first = current.now();
        let expected = [
            "127.0.0.1:1",
            "app.internal=10.0.0.1:2",
            "app.internal=10.0.0.2:2",
        ];
        assert_eq!(keys(&first), expected);
        let taken: Vec<_> = (0..3)
            .filter_map(|_| first.take(Wanted::default(), &[]))
            .collect();
        name.learn(Ok(found(&["10.0.0.2:2", "10.0.0.3:2"])));
        current.refresh();
        // Another definition says so too.
        let changed = definition(&["app.internal:2", "127.0.0.1:1"]);
        let next = CurrentUpstream::new(changed, None, Some(&current)).now();
        let expected = [
            "app.internal=10.0.0.2:2",
            "app.internal=10.0.0.3:2",
            "127.0.0.1:1",
        ];
        assert_eq!(keys(&next), expected);
        let loads: Vec<_> = next.states().map(|(_, state)| state.requests()).collect();
        assert_eq!(loads, [1, 0, 1]);
        assert_eq!(first.members[1].state.requests(), 1);
        drop(taken);
        assert!(next.states().all(|(_, state)| state.requests() == 0));
    }

    #[test]
    fn nothing_is_laid_out_anew_without_news() {
        let current = CurrentUpstream::new(definition(&["app.internal:2"]), None, None);
        current.names()[0].learn(Ok(found(&["10.0.0.1:2"])));
        current.refresh();
        let before = current.now();
        current.names()[0].learn(Ok(found(&["10.0.0.1:2"])));
        current.names()[0].learn(Err("no answer".to_owned()));
        current.refresh();
        assert!(Arc::ptr_eq(&before, &current.now()));
    }

    #[tokio::test]
    async fn the_first_lookup_is_waited_for_and_what_another_configuration_learned_counts() {
        let current = Arc::new(CurrentUpstream::new(definition(&["app.internal:2"]), None, None));
        let later = Arc::clone(&current);
        let waiting = tokio::spawn(async move { later.ready().await.members.len() });
        tokio::time::sleep(Duration::from_millis(10)).await;
        let next = CurrentUpstream::new(
            definition(&["app.internal:2", "b.internal:2"]),
            None,
            Some(&current),
        );
        next.names()[0].learn(Ok(found(&["10.0.0.1:2"])));
        next.refresh();
        assert_eq!(waiting.await.expect("an end"), 1);
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_waited_for_as_long_as_a_connection_may_take_and_once() {
        let mut impatient = (*definition(&["app.internal:2"])).clone();
        impatient.timeouts.connect = Duration::from_millis(20);
        let current = CurrentUpstream::new(Arc::new(impatient), None, None);
        let began = std::time::Instant::now();
        assert!(current.ready().await.members.is_empty());
        assert!(began.elapsed() >= Duration::from_millis(20));
        let current = CurrentUpstream::new(definition(&["app.internal:2"]), None, None);
        current.names()[0].learn(Err("no such name".to_owned()));
        current.refresh();
        assert!(current.ready().await.members.is_empty());
        assert!(began.elapsed() < Timeouts::default().connect);
    }
}
