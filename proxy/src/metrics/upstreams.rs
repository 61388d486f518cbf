//! What is known of the endpoints of the upstreams that serve.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::runtime::{AttemptFigures, End, Lookups, Shared};

type Labels = Vec<(&'static str, String)>;

pub(super) fn register(registry: &mut Registry, shared: &Shared) {
    let up: Family<Labels, Gauge> = Family::default();
    let requests: Family<Labels, Gauge<u64, AtomicU64>> = Family::default();
    let checks: Family<Labels, Counter> = Family::default();
    let ejections: Family<Labels, Counter> = Family::default();
    let attempts = Attempts::default();
    for (name, current) in &shared.current.load().upstreams {
        let upstream = current.now();
        attempts.add(&name.to_string(), &upstream.attempts());
        for (index, (address, state)) in upstream.states().enumerate() {
            let labels = vec![("upstream", name.to_string()), ("endpoint", address.to_owned())];
            up.get_or_create(&labels).set(upstream.is_open(index).into());
            requests.get_or_create(&labels).set(state.requests() as u64);
            ejections.get_or_create(&labels).inc_by(state.ejections());
            let (passed, failed) = state.checks();
            for (result, count) in [("passed", passed), ("failed", failed)] {
                let labels = [labels.clone(), vec![("result", result.to_owned())]].concat();
                checks.get_or_create(&labels).inc_by(count);
            }
        }
    }
    registry.register("upstream_endpoint_up", "Whether an endpoint gets requests", up);
    registry.register(
        "upstream_endpoint_requests",
        "Requests in flight to an endpoint",
        requests,
    );
    registry.register(
        "upstream_endpoint_checks",
        "Checks of an endpoint, by how they ended",
        checks,
    );
    registry.register(
        "upstream_endpoint_ejections",
        "How often an endpoint was ejected",
        ejections,
    );
    attempts.register(registry);
    connections(registry, shared);
    names(registry, shared);
}

fn connections(registry: &mut Registry, shared: &Shared) {
    let gauge = Family::<Labels, Gauge<u64, AtomicU64>>::default;
    let (open, idle) = (gauge(), gauge());
    let opened: Family<Labels, Counter> = Family::default();
    let closed: Family<Labels, Counter> = Family::default();
    for (name, upstream) in &shared.current.load().upstreams {
        for (endpoint, state) in upstream.now().states() {
            let labels = vec![("upstream", name.to_string()), ("endpoint", endpoint.to_owned())];
            let figures = state.connections();
            open.get_or_create(&labels).set(figures.open as u64);
            idle.get_or_create(&labels).set(figures.idle as u64);
            opened.get_or_create(&labels).inc_by(figures.opened);
            for (end, count) in End::ALL.into_iter().zip(figures.closed) {
                let labels = [labels.clone(), vec![("reason", end.word().to_owned())]].concat();
                closed.get_or_create(&labels).inc_by(count);
            }
        }
    }
    registry.register("upstream_connections", "Connections to an endpoint", open);
    registry.register(
        "upstream_connections_idle",
        "Those of them that wait for a request",
        idle,
    );
    registry.register(
        "upstream_connections_opened",
        "Connections that were opened to an endpoint",
        opened,
    );
    registry.register(
        "upstream_connections_closed",
        "Connections to an endpoint that were closed, by why",
        closed,
    );
}

fn names(registry: &mut Registry, shared: &Shared) {
    let addresses: Family<Labels, Gauge<u64, AtomicU64>> = Family::default();
    let ages: Family<Labels, Gauge<f64, AtomicU64>> = Family::default();
    let all: Family<Labels, Counter> = Family::default();
    for (upstream, current) in &shared.current.load().upstreams {
        for name in current.names() {
            let figures = name.figures();
            let labels = vec![
                ("upstream", upstream.to_string()),
                ("name", name.authority.to_string()),
            ];
            addresses
                .get_or_create(&labels)
                .set(figures.addresses.len() as u64);
            if let Some(age) = figures.age {
                ages.get_or_create(&labels).set(age.as_secs_f64());
            }
            let Lookups {
                answered,
                empty,
                failed,
            } = figures.lookups;
            for (result, count) in [("answered", answered), ("empty", empty), ("failed", failed)] {
                let labels = [labels.clone(), vec![("result", result.to_owned())]].concat();
                all.get_or_create(&labels).inc_by(count);
            }
        }
    }
    registry.register(
        "upstream_name_addresses",
        "Addresses that a name stands for",
        addresses,
    );
    registry.register(
        "upstream_name_answer_age_seconds",
        "How old the last answer is that gave addresses",
        ages,
    );
    registry.register(
        "upstream_name_lookups",
        "Lookups of a name, by what came of them",
        all,
    );
}

/// What became of attempts.
#[derive(Default)]
struct Attempts {
    retries: Family<Labels, Counter>,
    exhausted: Family<Labels, Counter>,
    balance: Family<Labels, Gauge<u64, AtomicU64>>,
    hedges: Family<Labels, Counter>,
    hedges_won: Family<Labels, Counter>,
    timeouts: Family<Labels, Counter>,
}

// === impl Attempts ===

impl Attempts {
    fn add(&self, upstream: &str, figures: &AttemptFigures) {
        let labels = vec![("upstream", upstream.to_owned())];
        let AttemptFigures {
            retries,
            exhausted,
            balance,
            hedges,
            hedges_won,
            timeouts,
        } = figures;
        let each = |family: &Family<Labels, Counter>, label, counts: &[(&'static str, u64)]| {
            for (word, count) in counts {
                let labels = [labels.clone(), vec![(label, (*word).to_owned())]].concat();
                family.get_or_create(&labels).inc_by(*count);
            }
        };
        each(&self.retries, "reason", retries);
        each(&self.timeouts, "kind", timeouts);
        self.exhausted.get_or_create(&labels).inc_by(*exhausted);
        self.balance.get_or_create(&labels).set(*balance);
        self.hedges.get_or_create(&labels).inc_by(*hedges);
        self.hedges_won.get_or_create(&labels).inc_by(*hedges_won);
    }

    fn register(self, registry: &mut Registry) {
        registry.register(
            "upstream_retries",
            "Requests that were sent again, by what their attempt before failed by",
            self.retries,
        );
        registry.register(
            "upstream_retry_budget_exhausted",
            "Retries and hedges that the retry budget did not allow",
            self.exhausted,
        );
        registry.register(
            "upstream_retry_budget_balance",
            "Retries and hedges that the retry budget would allow now",
            self.balance,
        );
        registry.register("upstream_hedges", "Second attempts beside a first", self.hedges);
        registry.register(
            "upstream_hedges_won",
            "Second attempts beside a first whose answer was taken",
            self.hedges_won,
        );
        registry.register(
            "upstream_timeouts",
            "Time-outs, by the key that they are configured with",
            self.timeouts,
        );
    }
}
