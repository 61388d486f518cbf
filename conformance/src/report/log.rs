//! Reads the event log: NDJSON, a `run` first, a `footer` last.

use std::io::BufRead;

use crate::vocabulary::{CaseReport, Record, RunHeader, RunReport, SCHEMA, Timeline};

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
    #[error("line {line}, column {}: not a record of an event log", source.column())]
    Record {
        /// Its number, from 1.
        line: usize,
        /// Why it is none.
        source: serde_json::Error,
    },
    /// The log is of another version of the suite.
    #[error("the log has schema {found}, this suite reads {SCHEMA}")]
    Schema {
        /// The version found.
        found: u32,
    },
    /// There is no first record.
    #[error("the log does not begin with a run")]
    NoRun,
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

/// Reads a log of one run; of several, the last.
///
/// # Errors
/// If it is not one, or was cut off.
pub fn read(input: impl BufRead) -> Result<Log, LogError> {
    read_all(input)?.pop().ok_or(LogError::NoRun)
}

/// Reads a log of any number of runs, such as those of all variants of a target.
///
/// # Errors
/// If it is not one, or was cut off.
pub fn read_all(input: impl BufRead) -> Result<Vec<Log>, LogError> {
    let mut logs = Vec::new();
    let mut current: Option<Partial> = None;
    for (index, line) in input.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|source| LogError::Read { line: number, source })?;
        let record: Record =
            serde_json::from_str(&line).map_err(|source| LogError::Record { line: number, source })?;
        let partial = current.as_mut().ok_or(LogError::NoRun);
        match record {
            Record::Run(_) if partial.is_ok() => return Err(LogError::NoFooter),
            Record::Run(header) if header.schema != SCHEMA => {
                return Err(LogError::Schema { found: header.schema });
            }
            Record::Run(header) => {
                current = Some(Partial {
                    header,
                    cases: Vec::new(),
                    timelines: Vec::new(),
                });
            }
            Record::Case {
                case,
                seed,
                config_path,
            } => {
                let partial = partial?;
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
                partial?
                    .timelines
                    .last_mut()
                    .ok_or(LogError::NoRun)?
                    .events
                    .push(event);
            }
            Record::Report(report) => partial?.cases.push(report),
            Record::Footer(footer) => {
                let Partial {
                    header,
                    cases,
                    timelines,
                } = current.take().ok_or(LogError::NoRun)?;
                logs.push(Log {
                    report: RunReport {
                        header,
                        cases,
                        footer,
                    },
                    timelines,
                });
            }
        }
    }
    match current {
        Some(_) => Err(LogError::NoFooter),
        None => Ok(logs),
    }
}

/// A run whose footer has not come yet.
struct Partial {
    header: RunHeader,
    cases: Vec<CaseReport>,
    timelines: Vec<Timeline>,
}
