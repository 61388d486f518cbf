//! Takes spans to one collector, on a thread of its own.
//!
//! In: the spans of one attempt after another, from whoever reloads, who never waits. Out: a request for each; in the log, that a collector cannot be
//! reached, once, and that it can be again. Nothing is sent twice.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::time;

use super::client::{Client, Failure};
use crate::model::Otlp;

/// A thread that sends. Dropped, it ends with what it has, or with the first failure.
#[derive(Debug)]
pub(super) struct Courier {
    queue: SyncSender<Vec<SpanData>>,
    state: Arc<State>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
}

#[derive(Debug, Default)]
struct State {
    lost: AtomicU64,
    is_left: AtomicBool,
    /// For a request that is under way at that moment.
    left: Notify,
}

/// Why spans cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum CourierError {
    /// Something in the environment of the process that the exporter takes notice of.
    #[error("failed to prepare the export of spans: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The operating system refuses a thread, or what it needs.
    #[error("failed to prepare the export of spans: {0}")]
    Thread(#[from] io::Error),
}

/// Attempts that wait for the one that is being sent.
const QUEUE: usize = 32;
/// How long a request may take once nobody gives the thread anything more.
const GRACE: Duration = Duration::from_secs(10);
/// How long the end of the process waits for the last ones.
const LAST: Duration = Duration::from_secs(1);

struct Road {
    endpoint: Arc<str>,
    timeout: Duration,
    exporter: SpanExporter,
    failure: Failure,
    runtime: Runtime,
    state: Arc<State>,
}

// === impl Courier ===

impl Courier {
    /// Makes ready for a collector, without asking whether it is there.
    pub(super) fn start(otlp: &Otlp) -> Result<Self, CourierError> {
        let Otlp {
            endpoint,
            service_name,
            timeout,
        } = otlp;
        let failure = Failure::default();
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(failure.clone()))
            .with_retry_policy(RetryPolicy::disabled())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_timeout(*timeout)
            .build()?;
        let resource = Resource::builder_empty()
            .with_service_name(service_name.to_string())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        exporter.set_resource(&resource.build());
        let state = Arc::new(State::default());
        let road = Road {
            endpoint: Arc::clone(endpoint),
            timeout: *timeout,
            exporter,
            failure,
            runtime: Builder::new_current_thread().enable_all().build()?,
            state: Arc::clone(&state),
        };
        let (queue, spans) = mpsc::sync_channel(QUEUE);
        let (end, ended) = mpsc::channel();
        let run = move || {
            road.run(&spans);
            drop(end);
        };
        thread::Builder::new().name("otlp".to_owned()).spawn(run)?;
        Ok(Self { queue, state, ended })
    }

    /// Takes the spans of one attempt. They are lost if there are too many already.
    pub(super) fn take(&self, spans: Vec<SpanData>) {
        if self.queue.try_send(spans).is_err() {
            // The thread tells of it: who is here ends a span, and is not to begin a record.
            self.state.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends what there is, for a second at most.
    pub(super) fn finish(mut self) {
        let (_, nothing) = mpsc::channel();
        let ended = std::mem::replace(&mut self.ended, nothing);
        drop(self);
        // It is disconnected by the end of the thread.
        let _ = ended.recv_timeout(LAST);
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.state.is_left.store(true, Ordering::Relaxed);
        self.state.left.notify_one();
    }
}

// === impl Road ===

impl Road {
    fn run(self, queue: &Receiver<Vec<SpanData>>) {
        let Self { endpoint, state, .. } = &self;
        let mut is_failing = false;
        for spans in queue {
            match (self.send(spans), is_failing) {
                (Err(reason), false) => {
                    tracing::warn!(%endpoint, reason, "spans not exported");
                    is_failing = true;
                }
                (Ok(()), true) => {
                    tracing::info!(%endpoint, "spans exported again");
                    is_failing = false;
                }
                _ => {}
            }
            let lost = state.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::warn!(%endpoint, lost, "spans of attempts to reload were lost");
            }
            if is_failing && state.is_left.load(Ordering::Relaxed) {
                break;
            }
        }
        // Whoever resolves a name cannot be told to stop.
        self.runtime.shutdown_background();
    }

    fn send(&self, spans: Vec<SpanData>) -> Result<(), String> {
        let Self {
            exporter,
            runtime,
            timeout,
            failure,
            state,
            ..
        } = self;
        let grace = GRACE.min(*timeout);
        let sent = runtime.block_on(async {
            if state.is_left.load(Ordering::Relaxed) {
                return time::timeout(grace, exporter.export(spans)).await;
            }
            let export = time::timeout(*timeout, exporter.export(spans));
            tokio::pin!(export);
            tokio::select! {
                sent = &mut export => sent,
                () = state.left.notified() => time::timeout(grace, export).await.and_then(|sent| sent),
            }
        });
        match sent {
            Ok(Ok(())) => Ok(()),
            // The exporter says that something failed, the client what.
            Ok(Err(error)) => Err(failure.take().unwrap_or_else(|| error.to_string())),
            Err(_) => Err(format!(
                "no answer within {timeout:?}, or within {GRACE:?} of the change to another one"
            )),
        }
    }
}
