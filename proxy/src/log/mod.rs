//! Log records, whose level, shape and destination can change while the process runs.
//!
//! In: tracing events, and the configuration that says what becomes of them. Out: one line a record; in text, the details of a record follow in indented lines.

mod sink;

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer as _, Registry, reload};

use crate::model::{Log, LogDestination, LogFormat, LogLevel};
use crate::reload::{Change, Follower, Refused};
use sink::{Opened, Record, Sink};

/// What the command line says about the log; it wins over the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogOverrides {
    /// The level.
    pub level: Option<LogLevel>,
    /// The format.
    pub format: Option<LogFormat>,
}

/// Changes the log of the process.
#[derive(Debug, Clone)]
pub struct LogControl {
    overrides: LogOverrides,
    level: reload::Handle<LevelFilter, Registry>,
    json: Arc<AtomicBool>,
    sink: Arc<Sink>,
    #[cfg(feature = "otlp")]
    spans: crate::otlp::Spans,
}

/// Lets the log follow the configuration.
#[derive(Debug)]
pub(crate) struct LogFollower {
    control: LogControl,
    staged: Option<(Log, Option<Opened>)>,
}

/// Another part of the process has set up the log already.
#[derive(Debug, thiserror::Error)]
#[error("the log of this process is set up already")]
pub struct LogTaken;

struct Shape {
    json: Arc<AtomicBool>,
    as_json: Format<Json, SystemTime>,
}

/// Sets up the log of the process. To be called once.
pub fn init(overrides: LogOverrides) -> Result<LogControl, LogTaken> {
    let json = Arc::new(AtomicBool::new(false));
    let sink = Arc::new(Sink::default());
    let (filter, level) = reload::Layer::new(LevelFilter::INFO);
    let as_json = Format::default()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false);
    let shape = Shape {
        json: Arc::clone(&json),
        as_json,
    };
    let records = tracing_subscriber::fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(shape)
        .with_writer({
            let sink = Arc::clone(&sink);
            move || Record(Arc::clone(&sink))
        })
        .with_ansi(false);
    // The level is that of records: spans that go elsewhere are not for the log to leave out.
    let subscriber = tracing_subscriber::registry().with(records.with_filter(filter));
    #[cfg(feature = "otlp")]
    let (subscriber, spans) = {
        let spans = crate::otlp::Spans::default();
        (subscriber.with(crate::otlp::layer(&spans)), spans)
    };
    subscriber.try_init().map_err(|_| LogTaken)?;
    let control = LogControl {
        overrides,
        level,
        json,
        sink,
        #[cfg(feature = "otlp")]
        spans,
    };
    control.follow(&Log::default());
    Ok(control)
}

// === impl LogControl ===

impl LogControl {
    /// Takes level and format from the configuration, as far as the command line leaves them open.
    fn follow(&self, log: &Log) {
        let format = self.overrides.format.unwrap_or(log.format);
        self.json.store(format == LogFormat::Json, Ordering::Relaxed);
        let level = match self.overrides.level.unwrap_or(log.level) {
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        };
        // It fails only when the subscriber is gone, and then there is no log to change.
        let _ = self.level.reload(level);
    }

    /// Opens the log's file anew, after somebody has moved the old one away. Records go on into the old one if that fails.
    pub fn reopen(&self) {
        match self.sink.reopen() {
            Ok(None) => {}
            Ok(Some(path)) => tracing::info!(path = %path.display(), "log reopened"),
            Err(error) => tracing::error!(%error, "the log goes on where it was"),
        }
    }

    /// What lets spans follow the configuration.
    #[cfg(feature = "otlp")]
    pub(crate) fn spans(&self) -> crate::otlp::SpansFollower {
        self.spans.follower()
    }

    pub(crate) fn follower(&self) -> LogFollower {
        LogFollower {
            control: self.clone(),
            staged: None,
        }
    }
}

// === impl LogFollower ===

/// Fails if the log cannot go to a file at `path`. No file is made.
pub(crate) fn try_file(path: &Arc<std::path::Path>) -> Result<(), Refused> {
    Ok(Opened::could_be_at(path)?)
}

impl Follower for LogFollower {
    fn name(&self) -> &'static str {
        "log"
    }

    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused> {
        let (old, new) = (&change.old.settings.log, &change.new.settings.log);
        let opened = match &new.destination {
            LogDestination::File(path) if old.destination != new.destination => Some(Opened::at(path)?),
            _ => None,
        };
        let moves = old.destination != new.destination;
        self.staged = Some((new.clone(), opened.filter(|_| moves)));
        Ok(())
    }

    fn commit(&mut self, _drain: Duration) -> Result<(), Refused> {
        let Some((log, opened)) = self.staged.take() else {
            return Ok(());
        };
        let destination = &log.destination;
        if opened.is_some() || (*destination == LogDestination::Stderr && self.control.sink.is_file()) {
            // The last record of the old place says where the next one is.
            tracing::info!(%destination, "log moved");
            self.control.sink.turn(opened);
        }
        self.control.follow(&log);
        Ok(())
    }

    fn abandon(&mut self) {
        if let Some((_, Some(opened))) = self.staged.take() {
            opened.discard();
        }
    }
}

// === impl Shape ===

impl<S, N> FormatEvent<S, N> for Shape
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.json.load(Ordering::Relaxed) {
            return self.as_json.format_event(context, writer, event);
        }
        let mut record = TextRecord::default();
        event.record(&mut record);
        SystemTime.format_time(&mut writer)?;
        writeln!(
            writer,
            " {:>5} {}{}",
            event.metadata().level(),
            record.message,
            record.fields
        )?;
        for line in record.details.lines().filter(|line| !line.is_empty()) {
            writeln!(writer, "    {line}")?;
        }
        Ok(())
    }
}

/// The parts of a record in text.
#[derive(Default)]
struct TextRecord {
    message: String,
    fields: String,
    details: String,
}

impl TextRecord {
    fn add(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.extend(value.chars().map(visible)),
            "details" => value.clone_into(&mut self.details),
            name if name.starts_with("log.") => {}
            name => {
                let plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '=';
                let bare = !value.is_empty() && value.chars().all(plain);
                let _ = if bare {
                    write!(self.fields, " {name}={value}")
                } else {
                    write!(self.fields, " {name}={value:?}")
                };
            }
        }
    }
}

fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

impl Visit for TextRecord {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }
}
