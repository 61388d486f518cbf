//! Reads the event log: NDJSON, a `run` first, a `footer` last.

use std::io::BufRead;

use serde::Deserialize;

use crate::vocabulary::{CaseReport, Footer, Record, RunHeader, RunReport, SCHEMA, Timeline};

/// An event log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A line cannot be read.
    #[error("line {line}: failed to read")]
    Read {
        /// Its number, from 1.
        line: usize,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A line is no record.
    #[error("line {line}, column {column}: not a record of an event log: {message}")]
    Record {
        /// Its number, from 1.
        line: usize,
        /// Where in it, from 1.
        column: usize,
        /// Why it is none.
        message: String,
    },
    /// A record stands where it cannot.
    #[error("line {line}: {what}")]
    Misplaced {
        /// Its number, from 1.
        line: usize,
        /// Which kind of record, and what it lacks.
        what: &'static str,
    },
    /// The log is of another version of the suite.
    #[error("the log has schema {found}, this suite reads {SCHEMA}")]
    Schema {
        /// The version found.
        found: u32,
    },
    /// There is no record at all.
    #[error("it is empty; `reloadspec run --format json --out FILE` writes an event log")]
    Empty,
    /// There is no last record.
    #[error("the log has no footer: the run that wrote it was cut off")]
    NoFooter,
}

/// A log, read whole.
#[derive(Clone, Debug)]
pub struct Log {
    /// The run as it was judged when it was recorded.
    pub report: RunReport,
    /// The timelines, in order.
    pub timelines: Vec<Timeline>,
}

/// Reads a log of any number of runs, such as those of all variants of a target.
///
/// # Errors
/// If it is not one, or was cut off.
pub fn read(input: impl BufRead) -> Result<Vec<Log>, LogError> {
    let mut logs = Vec::new();
    let mut current: Option<Partial> = None;
    let mut lines = (1..).zip(input.lines()).peekable();
    while let Some((line, text)) = lines.next() {
        let text = text.map_err(|source| LogError::Read { line, source })?;
        if text.trim().is_empty() {
            continue;
        }
        let record = match record(&text, line) {
            // The last line of a run that was killed breaks off anywhere.
            Err((_, true)) if current.is_some() && lines.peek().is_none() => return Err(LogError::NoFooter),
            read => read.map_err(|(error, _)| error)?,
        };
        let misplaced = |what| LogError::Misplaced { line, what };
        match record {
            Record::Run(_) if current.is_some() => return Err(LogError::NoFooter),
            Record::Run(header) => current = Some(Partial::of(header)),
            Record::Case {
                case,
                seed,
                config_path,
            } => {
                let partial = current
                    .as_mut()
                    .ok_or_else(|| misplaced("a case before any run has begun"))?;
                let target = partial.header.target.clone();
                partial.timelines.push(Timeline {
                    case,
                    target,
                    seed,
                    config_path,
                    events: Vec::new(),
                });
            }
            Record::Event(event) => {
                let partial = current
                    .as_mut()
                    .ok_or_else(|| misplaced("an event before any run has begun"))?;
                let timeline = partial.timelines.last_mut();
                let timeline = timeline.ok_or_else(|| misplaced("an event of no case"))?;
                timeline.events.push(event);
            }
            Record::Report(report) => {
                let partial = current
                    .as_mut()
                    .ok_or_else(|| misplaced("a report before any run has begun"))?;
                partial.cases.push(report);
            }
            Record::Footer(footer) => {
                let partial = current
                    .take()
                    .ok_or_else(|| misplaced("a footer before any run has begun"))?;
                logs.push(partial.ended(footer));
            }
        }
    }
    match current {
        Some(_) => Err(LogError::NoFooter),
        None if logs.is_empty() => Err(LogError::Empty),
        None => Ok(logs),
    }
}

/// The record of a line; if it is none, why, and whether it breaks off.
fn record(text: &str, line: usize) -> Result<Record, (LogError, bool)> {
    // Another version may well have records that this one cannot read: its version is what is to be said of it.
    if let Ok(run) = serde_json::from_str::<Versioned>(text)
        && run.record == "run"
        && run.schema != SCHEMA
    {
        return Err((LogError::Schema { found: run.schema }, false));
    }
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message
            .rsplit_once(" at line ")
            .map_or(&*message, |(message, _)| message);
        let refused = LogError::Record {
            line,
            column: error.column(),
            message: message.to_owned(),
        };
        (refused, error.is_eof())
    })
}

/// All that is asked of the first record of another version.
#[derive(Deserialize)]
struct Versioned {
    record: String,
    schema: u32,
}

/// A run whose footer has not come yet.
struct Partial {
    header: RunHeader,
    cases: Vec<CaseReport>,
    timelines: Vec<Timeline>,
}

impl Partial {
    fn of(header: RunHeader) -> Self {
        Self {
            header,
            cases: Vec::new(),
            timelines: Vec::new(),
        }
    }

    fn ended(self, footer: Footer) -> Log {
        let Self {
            header,
            cases,
            timelines,
        } = self;
        Log {
            report: RunReport {
                header,
                cases,
                footer,
            },
            timelines,
        }
    }
}
