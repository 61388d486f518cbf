//! Where spans of reloads go.

use std::sync::Arc;
use std::time::Duration;

/// Where spans of reloads go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tracing {
    /// A collector of OpenTelemetry; none if absent.
    pub otlp: Option<Otlp>,
}

/// A collector of OpenTelemetry, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// Its URL, of `http`, without `/v1/traces` and without a `/` at the end.
    pub endpoint: Arc<str>,
    /// How the collector calls this proxy.
    pub service_name: Arc<str>,
    /// How long it may take to send the spans of one attempt.
    pub timeout: Duration,
}
