//! Commands: arguments in, text and an exit code out.

mod doctor;
mod document;
mod explain;
mod list;
mod progress;
mod replay;
mod report;
mod run;

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reloadspec::conclude::exit;
use reloadspec::report::log::{self, Log, LogError};
use reloadspec::select::NoMatch;
use reloadspec::suite::{RunError, chain};
use reloadspec::target::TargetError;

/// The exit code of a run that was cancelled, as shells have it for SIGINT.
const CANCELLED: u8 = 130;

/// Does a proxy survive a reload of its configuration?
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes, the first that holds: 70 a bug of the suite, 64 usage, 69 no binary, 1 not conformant, \
    3 a stale expectation, 2 inconclusive, 0 conformant.";

#[derive(Subcommand)]
enum Command {
    /// Print the catalogue of cases.
    List(list::List),
    /// Print one case in full: why it is there, what is done, what is checked.
    Explain {
        /// Its id, or a part of it.
        case: String,
    },
    /// Run cases on targets.
    Run(run::Run),
    /// Judge a recorded event log again.
    Replay {
        /// The log, as `run --format json` writes it or as it lies in an evidence folder.
        file: PathBuf,
    },
    /// Prove a target folder before its verdicts are trusted.
    Doctor(doctor::Doctor),
    /// Write the report of recorded event logs.
    Report(report::Report),
}

/// Where binaries are.
#[derive(Args, Clone)]
struct Where {
    /// The target's binary, any build of it.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// A folder in which binaries are looked for before PATH.
    #[arg(long, value_name = "DIR", env = "RELOADSPEC_PEERS")]
    peers: Option<PathBuf>,
}

impl From<Where> for reloadspec::target::Locate {
    fn from(Where { binary, peers }: Where) -> Self {
        Self { binary, peers }
    }
}

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Terminal,
    /// The event log: NDJSON with a footer, which `replay` reads.
    Json,
    /// JUnit XML.
    Junit,
    /// A Markdown table of cases and targets.
    Markdown,
}

/// What ends a command early.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    NoMatch(#[from] NoMatch),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("{}", path.display())]
    Log { path: PathBuf, source: LogError },
    #[error("failed to {doing} {}", path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("failed to {doing}")]
    Io { doing: String, source: io::Error },
    #[error("failed to write JUnit XML: {0}")]
    Junit(String),
    #[error("{0}")]
    Usage(String),
}

impl CliError {
    fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// What a caller named and cannot be read or written.
    fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { doing, path, source }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Target(TargetError::Binary { .. }) => exit::NO_BINARY,
            Self::Run(RunError::Cancelled) => CANCELLED,
            Self::Target(_) | Self::NoMatch(_) | Self::Usage(_) | Self::Log { .. } | Self::File { .. } => {
                exit::USAGE
            }
            Self::Run(_) | Self::Io { .. } | Self::Junit(_) => exit::HARNESS,
        }
    }
}

/// Runs the command that the arguments name.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors. What cannot be printed cannot be told either.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::USAGE
            } else {
                exit::CONFORMANT
            });
        }
    };
    let done = match cli.command {
        Command::List(list) => list.run(),
        Command::Explain { case } => explain::run(&case),
        Command::Run(run) => run.run(),
        Command::Replay { file } => replay::run(&file),
        Command::Doctor(doctor) => doctor.run(),
        Command::Report(report) => report.run(),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        // A reader that went away (`| head`) has what it wanted.
        Err(CliError::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {}", chain(&error));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Reads the runs of an event log.
fn read_log(path: &Path) -> Result<Vec<Log>, CliError> {
    let file = File::open(path).map_err(CliError::file("open", path))?;
    log::read(BufReader::new(file)).map_err(|source| CliError::Log {
        path: path.to_path_buf(),
        source,
    })
}

/// Prints to standard output.
fn print(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(CliError::io("write to standard output"))
}

/// Whether a stream wants colours.
fn style(stream: &impl io::IsTerminal) -> reloadspec::report::terminal::Style {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    reloadspec::report::terminal::Style {
        colour: wanted && stream.is_terminal(),
    }
}
