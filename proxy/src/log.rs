//! Log records on stderr, whose level and shape can change while the process runs.
//!
//! In: tracing events. Out: one line a record; in text, the details of a record follow in indented lines.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::model::{Log, LogFormat, LogLevel};

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
    let (filter, level) = reload::Layer::new(LevelFilter::INFO);
    let as_json = Format::default().json().flatten_event(true).with_target(false);
    let shape = Shape {
        json: Arc::clone(&json),
        as_json,
    };
    let records = tracing_subscriber::fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(shape)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(filter)
        .with(records)
        .try_init()
        .map_err(|_| LogTaken)?;
    let control = LogControl {
        overrides,
        level,
        json,
    };
    control.follow(Log::default());
    Ok(control)
}

// === impl LogControl ===

impl LogControl {
    /// Follows the configuration from now on, as far as the command line leaves it open.
    pub fn follow(&self, log: Log) {
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
