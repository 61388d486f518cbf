//! Spans of reloads, sent to a collector of OpenTelemetry that can change while the process runs.
//!
//! In: the spans of [`crate::reload`], and the configuration that says where they go. Out: one request for each attempt, with all of its
//! stages, to the collector that counts when the attempt has ended. It never holds up who reloads: what a collector does not take in time is lost,
//! and told of in the log.

mod client;
mod courier;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceId, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::reload::{Change, Follower, Refused};
use courier::Courier;

/// Spans on their way, and who takes them to the collector of the moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans(Arc<Junction>);

#[derive(Debug, Default)]
struct Junction {
    /// Spans that have ended, of attempts that have not: where they go is known only then.
    begun: Mutex<HashMap<TraceId, Vec<SpanData>>>,
    courier: Mutex<Option<Courier>>,
}

/// Lets spans follow the configuration.
#[derive(Debug)]
pub(crate) struct SpansFollower {
    spans: Spans,
    staged: Option<Staged>,
}

/// What a commit puts in place: somebody who sends spans, or nobody.
#[derive(Debug)]
struct Staged(Option<Courier>);

/// Where spans come from. Others, such as those of libraries, stay here.
const SOURCE: &str = "reloadspec_proxy::reload";
/// Attempts at a time that are kept together. One thread makes one at a time.
const ATTEMPTS: usize = 16;
/// Spans of one attempt. It has eight.
const SPANS: usize = 64;

/// What makes spans of OpenTelemetry of those of reloads, and gives them to `spans`.
pub(crate) fn layer<S>(spans: &Spans) -> impl Layer<S> + use<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let provider = SdkTracerProvider::builder()
        .with_span_processor(spans.clone())
        .build();
    let of_reloads = filter_fn(|metadata| metadata.is_span() && metadata.target() == SOURCE);
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(env!("CARGO_PKG_NAME")))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(of_reloads.with_max_level_hint(LevelFilter::INFO))
}

/// What is behind these locks is whole, whatever became of who held them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Spans ===

impl Spans {
    pub(crate) fn follower(&self) -> SpansFollower {
        SpansFollower {
            spans: self.clone(),
            staged: None,
        }
    }

    /// Sends attempts by somebody else from now on. Who did it until now ends with what it has.
    fn turn(&self, courier: Option<Courier>) -> Option<Courier> {
        std::mem::replace(&mut *lock(&self.0.courier), courier)
    }
}

impl SpanProcessor for Spans {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        let trace = span.span_context.trace_id();
        let is_last = span.parent_span_id == SpanId::INVALID;
        let mut begun = lock(&self.0.begun);
        if is_last {
            let mut spans = begun.remove(&trace).unwrap_or_default();
            drop(begun);
            spans.push(span);
            if let Some(courier) = &*lock(&self.0.courier) {
                courier.take(spans);
            }
        } else if begun.len() < ATTEMPTS || begun.contains_key(&trace) {
            let spans = begun.entry(trace).or_default();
            if spans.len() < SPANS {
                spans.push(span);
            }
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

// === impl SpansFollower ===

impl Follower for SpansFollower {
    fn name(&self) -> &'static str {
        "tracing"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let (old, new) = (
            &change.old.settings.tracing.otlp,
            &change.new.settings.tracing.otlp,
        );
        if old != new {
            self.staged = Some(Staged(new.as_ref().map(Courier::start).transpose()?));
        }
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        if let Some(Staged(courier)) = self.staged.take() {
            drop(self.spans.turn(courier));
        }
        Ok(())
    }

    fn abandon(&mut self) {
        self.staged = None;
    }
}

impl Drop for SpansFollower {
    fn drop(&mut self) {
        if let Some(courier) = self.spans.turn(None) {
            courier.finish();
        }
    }
}
