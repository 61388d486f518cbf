//! Settings that exist once.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::{Acme, Admin, Admission, HeaderEdits, Tracing};

/// Everything that is not a list of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What is logged, how, and where.
    pub log: Log,
    /// The absolute path of a file with the number of the process, if there is to be one.
    pub pid_file: Option<Arc<Path>>,
    /// How many threads serve traffic, at least 1.
    pub workers: usize,
    /// How long what is being retired may take.
    pub drain: Drain,
    /// Bounds on what a client may ask for.
    pub limits: Limits,
    /// How many of all requests that a route answers are let in.
    pub admission: Admission,
    /// What is remembered of earlier configurations.
    pub revisions: Revisions,
    /// How metrics are called.
    pub metrics: Metrics,
    /// Where spans of reloads go.
    pub tracing: Tracing,
    /// How endpoints are tried after a change; not at all if absent.
    pub probe: Option<Probe>,
    /// Where the proxy is asked about itself; nowhere if absent.
    pub admin: Option<Admin>,
    /// How certificates are obtained; from nobody if absent.
    pub acme: Option<Arc<Acme>>,
    /// Edits of every request that is forwarded; a route's own edits win.
    pub request_headers: HeaderEdits,
    /// Edits of every response, the proxy's own included; a route's own edits win.
    pub response_headers: HeaderEdits,
}

/// What is logged, how, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// The least severe level that is written.
    pub level: LogLevel,
    /// The shape of a record.
    pub format: LogFormat,
    /// Where records go.
    pub destination: LogDestination,
}

/// Where log records go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LogDestination {
    /// To the standard error stream.
    #[default]
    Stderr,
    /// To the end of the file at this absolute path, which is opened anew on SIGUSR1.
    File(Arc<Path>),
}

/// A level of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogLevel {
    /// Something was refused or broke.
    Error,
    /// Something needs attention, and the proxy serves on.
    Warn,
    /// Every applied change, and the life of the process.
    #[default]
    Info,
    /// Connections and requests that failed.
    Debug,
    /// Everything.
    Trace,
}

/// The shape of a log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people: one line a record, details of a refused configuration in indented lines below it.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// How long what is being retired may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// From the signal to stop until what still runs is cut off.
    pub timeout: Duration,
    /// From the removal of a listener until what arrived there is cut off.
    pub listener_timeout: Cut,
    /// From the removal of a route until what it still answers is cut off.
    pub route_timeout: Cut,
}

/// When what would end by itself is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// After this time.
    After(Duration),
    /// It ends by itself, however long that takes.
    Never,
}

/// What is remembered of earlier configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revisions {
    /// How many of them are kept, the one that serves included; at least 1.
    pub keep: usize,
}

/// How metrics are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// The word before every name, without the `_` between.
    pub prefix: Arc<str>,
}

/// How endpoints are tried after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// How long all of it may take.
    pub timeout: Duration,
}

/// Bounds on what a client may ask for. All of them are asked at each request or wait, so all of them change live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Client connections at a time; more wait in the kernel's queue.
    pub connections: usize,
    /// Names and values of a request's header fields together, and of its target.
    pub header_bytes: usize,
    /// Header fields of a request.
    pub header_count: usize,
    /// From the first byte of a request's head until its last.
    pub header_read_timeout: Duration,
    /// A kept connection without a request.
    pub idle_timeout: Duration,
    /// Between two pieces of a request's body.
    pub body_read_timeout: Duration,
    /// An answer of which the client takes nothing.
    pub send_timeout: Duration,
    /// The size of a request's body; unbounded if absent.
    pub body_bytes: Option<u64>,
}

/// How many cores the process may use, as it was when it was asked first: that takes a dozen calls of the system, and half as long as all else of a small change.
static CORES: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));

// === impl Cut ===

impl Cut {
    /// The time; none if it never comes.
    pub fn after(self) -> Option<Duration> {
        match self {
            Self::After(time) => Some(time),
            Self::Never => None,
        }
    }
}

// === impl LogDestination ===

impl fmt::Display for LogDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stderr => f.write_str("stderr"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            log: Log::default(),
            pid_file: None,
            workers: *CORES,
            drain: Drain::default(),
            limits: Limits::default(),
            admission: Admission::default(),
            revisions: Revisions::default(),
            metrics: Metrics::default(),
            tracing: Tracing::default(),
            probe: None,
            admin: None,
            acme: None,
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
        }
    }
}

impl Default for Drain {
    fn default() -> Self {
        let timeout = Duration::from_secs(10);
        Self {
            timeout,
            listener_timeout: Cut::After(timeout),
            route_timeout: Cut::Never,
        }
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(1),
        }
    }
}

impl Default for Revisions {
    fn default() -> Self {
        Self { keep: 10 }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            prefix: Arc::from("gateway"),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            header_bytes: 32 * 1024,
            header_count: 100,
            header_read_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_read_timeout: Duration::from_secs(60),
            send_timeout: Duration::from_secs(60),
            body_bytes: None,
        }
    }
}
