//! The metrics, in the text forms that Prometheus reads.
//!
//! In: each attempt, once, and at each scrape what the workers and the board know. Out: text. Names and labels are those that alert rules for
//! gateways use; every label that can be known before is there from the start, so that a rate over it is never absent.

mod admission;
mod certificates;
mod form;
mod upstreams;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::UNIX_EPOCH;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

pub use form::Form;

use crate::config;
use crate::reload::{Attempt, Board, DOCUMENT, Origin, Outcome, Rejection};
use crate::runtime::Shared;

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// What is counted over time. What can be asked at any moment is asked at a scrape.
#[derive(Debug)]
pub struct Metrics {
    reloads: Family<Labels<1>, Counter>,
    durations: Histogram,
    errors: Family<Labels<1>, Counter>,
    components: Family<Labels<2>, Counter>,
    last_success: Gauge<f64, AtomicU64>,
}

/// Upper bounds of the histogram, in seconds: from a small configuration to one that takes too long.
const BOUNDS: [f64; 13] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];
const SUCCESS: &str = "success";
const ERROR: &str = "error";
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

// === impl Metrics ===

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            reloads: Family::default(),
            durations: Histogram::new(BOUNDS),
            errors: Family::default(),
            components: Family::default(),
            last_success: Gauge::default(),
        };
        for status in [SUCCESS, ERROR] {
            drop(metrics.reloads.get_or_create(&[("status", status)]));
            for component in config::ROOT_KEYS.iter().copied().chain([DOCUMENT]) {
                let labels = [("component", component), ("status", status)];
                drop(metrics.components.get_or_create(&labels));
            }
        }
        for word in Rejection::WORDS {
            drop(metrics.errors.get_or_create(&[("error_type", word)]));
        }
        metrics
    }
}

impl Metrics {
    /// Counts an attempt. The start of the proxy is no reload, but it is a success.
    pub fn observe(&self, attempt: &Attempt) {
        let Attempt {
            origin,
            at,
            duration,
            outcome,
        } = attempt;
        let (status, components) = match outcome.as_ref() {
            Outcome::Applied { components, .. } => (SUCCESS, components.clone()),
            Outcome::Unchanged { .. } => (SUCCESS, Vec::new()),
            Outcome::Rejected { rejection, .. } => (ERROR, rejection.components()),
        };
        if status == SUCCESS {
            let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
            self.last_success.set(since_epoch.as_secs_f64());
        }
        if *origin == Origin::Boot {
            return;
        }
        self.reloads.get_or_create(&[("status", status)]).inc();
        self.durations.observe(duration.as_secs_f64());
        if let Outcome::Rejected { rejection, .. } = outcome.as_ref() {
            let labels = [("error_type", rejection.word())];
            self.errors.get_or_create(&labels).inc();
        }
        for component in components {
            let labels = [("component", component), ("status", status)];
            self.components.get_or_create(&labels).inc();
        }
    }

    /// All metrics as text, under the prefix that the configuration asks for.
    pub fn render(&self, form: Form, board: &Board, shared: &Shared) -> Result<String, fmt::Error> {
        let status = board.status();
        let mut registry = Registry::with_prefix(&*status.model.settings.metrics.prefix);
        let Self {
            reloads,
            durations,
            errors,
            components,
            last_success,
        } = self;
        registry.register("config_reload", "Reloads, by how they ended", reloads.clone());
        registry.register(
            "config_reload_duration_seconds",
            "From the content to the outcome of a reload",
            durations.clone(),
        );
        registry.register(
            "config_reload_errors",
            "Reloads that changed nothing because of an error",
            errors.clone(),
        );
        registry.register(
            "config_reload_component",
            "What was changed by reloads, or kept them from being applied",
            components.clone(),
        );
        registry.register(
            "config_reload_last_success_timestamp_seconds",
            "When a configuration was last found to serve",
            last_success.clone(),
        );
        let hash: Family<[(&str, String); 1], Gauge> = Family::default();
        if let Some(digest) = status.digest {
            hash.get_or_create(&[("hash", digest.to_string())]).set(1);
        }
        registry.register("config_hash", "The digest of what serves", hash);
        let gauges = [
            (
                "config_watcher_running",
                "Whether somebody looks after the file",
                u64::from(board.is_watching()),
            ),
            (
                "config_disk_differs",
                "Whether the file says something else than what serves",
                u64::from(status.disk_differs()),
            ),
            ("config_revision", "The number of what serves", status.revision),
            (
                "draining_generations",
                "Earlier configurations by which requests are still being answered",
                shared.draining_revisions().len() as u64,
            ),
            (
                "draining_connections",
                "Client connections that end with their next answer",
                shared.draining_connection_count() as u64,
            ),
            (
                "connections",
                "Client connections",
                shared.connection_count() as u64,
            ),
        ];
        for (name, help, value) in gauges {
            let gauge: Gauge<u64, AtomicU64> = Gauge::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        }
        let requests: Family<Labels<1>, Counter> = Family::default();
        for (class, total) in CLASSES.into_iter().zip(shared.answered()) {
            requests.get_or_create(&[("class", class)]).inc_by(total);
        }
        registry.register(
            "requests",
            "Answers to requests, by the class of their status",
            requests,
        );
        let too_large: Family<Labels<1>, Counter> = Family::default();
        for (part, total) in ["head", "body"].into_iter().zip(shared.too_large()) {
            too_large.get_or_create(&[("part", part)]).inc_by(total);
        }
        registry.register(
            "requests_too_large",
            "Requests that were refused because of their size",
            too_large,
        );
        admission::register(&mut registry, &shared.current.load().gates.figures());
        upstreams::register(&mut registry, shared);
        certificates::register(&mut registry, &status.model, &shared.issuance);
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(form.of(text))
    }
}

#[cfg(test)]
mod tests;
