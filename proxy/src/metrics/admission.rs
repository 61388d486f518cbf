//! What limits and circuit breakers have counted. Series are there for what is configured, and for nothing else.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::runtime::{BreakerFigures, Figures};

type Labels<const N: usize> = [(&'static str, String); N];
type Gauges<const N: usize> = Family<Labels<N>, Gauge<u64, AtomicU64>>;
type Counters<const N: usize> = Family<Labels<N>, Counter>;

pub(super) fn register(registry: &mut Registry, all: &[Figures]) {
    let (limited, clients) = (Counters::<3>::default(), Gauges::<2>::default());
    let (sessions, waiting) = (Gauges::<2>::default(), Gauges::<2>::default());
    let (most, refused) = (Gauges::<2>::default(), Counters::<2>::default());
    let (states, opened) = (Gauges::<2>::default(), Counters::<1>::default());
    let broken = Counters::<1>::default();
    for one in all {
        let labels = || [("scope", one.scope.to_owned()), ("name", one.name.clone())];
        if let Some(rates) = &one.rates {
            for (decision, count) in [("allowed", rates.allowed), ("refused", rates.refused)] {
                let [scope, name] = labels();
                let labels = [scope, name, ("decision", decision.to_owned())];
                limited.get_or_create(&labels).inc_by(count);
            }
            if let Some(count) = rates.clients {
                clients.get_or_create(&labels()).set(count as u64);
            }
        }
        if let Some(limit) = &one.limits.sessions {
            most.get_or_create(&labels()).set(limit.max.into());
            sessions.get_or_create(&labels()).set(one.sessions.running);
            waiting.get_or_create(&labels()).set(one.sessions.waiting as u64);
            refused.get_or_create(&labels()).inc_by(one.sessions.refused);
        }
        if let Some(breaker) = &one.breaker {
            let upstream = [("upstream", one.name.clone())];
            for state in BreakerFigures::STATES {
                let [upstream] = upstream.clone();
                let labels = [upstream, ("state", state.to_owned())];
                states.get_or_create(&labels).set((state == breaker.state).into());
            }
            opened.get_or_create(&upstream).inc_by(breaker.opened);
            broken.get_or_create(&upstream).inc_by(breaker.refused);
        }
    }
    registry.register(
        "rate_limit_requests",
        "Requests, by what a rate limit decided",
        limited,
    );
    registry.register(
        "rate_limit_clients",
        "Clients that have a bucket of their own",
        clients,
    );
    registry.register(
        "sessions",
        "Requests that are being answered, where they are limited",
        sessions,
    );
    registry.register("sessions_limit", "Requests that may be answered at a time", most);
    registry.register("sessions_waiting", "Requests that wait for their turn", waiting);
    registry.register(
        "sessions_refused",
        "Requests that found no room, or waited too long",
        refused,
    );
    registry.register("breaker_state", "Whether a circuit breaker is in a state", states);
    registry.register("breaker_opened", "How often a circuit breaker opened", opened);
    registry.register(
        "breaker_refused",
        "Requests that a circuit breaker refused",
        broken,
    );
}
