//! The command line of the reference proxy.
//!
//! Exit codes: 0 stopped as asked, or valid · 1 the configuration is invalid or unreadable, or a running proxy refuses · 64 usage ·
//! 69 something that the configuration needs cannot be had, such as an address in use, or the admin listener · 70 internal · 130, 131 and 143 ended by a second signal, or
//! by one before it served.

mod describe;
mod operate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgGroup, Parser, Subcommand};
use reloadspec_proxy::check::{self, Checked};
use reloadspec_proxy::lifecycle::Notifier;
use reloadspec_proxy::log::{self, LogOverrides};
use reloadspec_proxy::model::{LogFormat, LogLevel, Probe};
use reloadspec_proxy::probe::{self, Unreachable};
use reloadspec_proxy::reload::{Candidate, Plan, Rejection};
use reloadspec_proxy::supervisor::Signals;
use reloadspec_proxy::{Options, Proxy, StartError, source};

/// A proxy takes and gives back pieces of a few KiB with each request: with many connections that takes an eighth less time than by the allocator of libc.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const INVALID: u8 = 1;
const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;
const INTERNAL: u8 = 70;

/// A reverse proxy in which every setting is hot-reloadable.
#[derive(Debug, Parser)]
#[command(name = "reloadspec-proxy", version, group(ArgGroup::new("task").required(true)))]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "Exit codes: 0 stopped as asked, or valid; 1 the configuration is invalid or unreadable, or a running proxy refuses; 64 usage; \
    69 something that the configuration needs cannot be had, such as an address in use, or the admin listener; 70 internal; \
    130, 131 and 143 ended by a second signal to stop, or by one before it served.\n\
    Signals: SIGHUP reloads; SIGUSR1 opens the log anew; SIGTERM, SIGQUIT and SIGINT stop, a second one at once."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Serve by this configuration, and by whatever valid content the file gets.
    #[arg(long, value_name = "FILE", group = "task")]
    config: Option<PathBuf>,
    /// Leave the file alone until somebody asks for a reload, by SIGHUP or the admin listener.
    #[arg(long, requires = "config")]
    no_watch: bool,
    /// Say whether a file is a valid configuration that could serve here. Nothing is listened on and no file is made; endpoints are tried if it or `--probe` asks for that.
    #[arg(long, value_name = "FILE", group = "task")]
    check: Option<PathBuf>,
    /// With `--check`: try to connect to every endpoint, and warn of those that cannot be reached.
    #[arg(long, requires = "check")]
    probe: bool,
    /// The shape of log records, whatever the configuration says.
    #[arg(long, value_name = "FORMAT", value_parser = log_format)]
    log_format: Option<LogFormat>,
    /// The least severe level that is logged, whatever the configuration says.
    #[arg(long, value_name = "LEVEL", value_parser = log_level)]
    log_level: Option<LogLevel>,
}

/// What else there is to do than to serve.
#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Operate(operate::Command),
    #[command(flatten)]
    Describe(describe::Command),
}

/// A word that an option does not take.
#[derive(Debug, thiserror::Error)]
#[error("expected one of {0}")]
struct UnknownWord(&'static str);

fn log_format(word: &str) -> Result<LogFormat, UnknownWord> {
    match word {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(UnknownWord("text, json")),
    }
}

fn log_level(word: &str) -> Result<LogLevel, UnknownWord> {
    match word {
        "error" => Ok(LogLevel::Error),
        "warn" => Ok(LogLevel::Warn),
        "info" => Ok(LogLevel::Info),
        "debug" => Ok(LogLevel::Debug),
        "trace" => Ok(LogLevel::Trace),
        _ => Err(UnknownWord("error, warn, info, debug, trace")),
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    match &arguments.command {
        Some(Command::Operate(command)) => return operate::run(command),
        Some(Command::Describe(command)) => return describe::run(command),
        None => {}
    }
    match (&arguments.config, &arguments.check) {
        (_, Some(file)) => check(file, arguments.probe),
        (Some(file), None) => serve(file, &arguments),
        (None, None) => ExitCode::from(USAGE),
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    // Nobody can be told if even this cannot be written.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    }
}

fn check(file: &Path, with_probe: bool) -> ExitCode {
    let candidate = match source::read_candidate(file) {
        Ok(candidate) => candidate,
        Err(error) => return fail(INVALID, &error.to_string()),
    };
    let Candidate { name, .. } = &candidate;
    match check::check(&candidate) {
        Ok(Checked { plan, notes }) => {
            for note in candidate.notes.iter().chain(&notes) {
                eprintln!("reloadspec-proxy: warning: {note}");
            }
            let asked = plan.settings.as_ref().and_then(|(settings, _)| settings.probe);
            if let Some(how) = asked.or(with_probe.then(Probe::default)) {
                warn_of_unreachable(&plan, how);
            }
            println!("{name}: valid: {plan}");
            ExitCode::SUCCESS
        }
        Err(rejection) => reject(&rejection),
    }
}

fn warn_of_unreachable(plan: &Plan, how: Probe) {
    match probe::probe(plan, how.timeout) {
        Ok(found) => {
            for Unreachable {
                upstream,
                endpoint,
                reason,
            } in found
            {
                eprintln!(
                    "reloadspec-proxy: warning: endpoint {endpoint} of {upstream} is unreachable: {reason}"
                );
            }
        }
        Err(error) => eprintln!("reloadspec-proxy: warning: no endpoint was tried: {error}"),
    }
}

fn serve(file: &Path, arguments: &Arguments) -> ExitCode {
    // Before anything is written: whoever sees the first line may send a signal.
    let signals = match Signals::install() {
        Ok(signals) => signals,
        Err(error) => return fail(INTERNAL, &format!("failed to handle signals: {error}")),
    };
    let overrides = LogOverrides {
        level: arguments.log_level,
        format: arguments.log_format,
    };
    let log = match log::init(overrides) {
        Ok(log) => log,
        Err(error) => return fail(INTERNAL, &error.to_string()),
    };
    match Proxy::start(
        Options::new(file)
            .log(log)
            .watch(!arguments.no_watch)
            .signals(signals)
            .notify(Notifier::from_environment()),
    ) {
        Ok(proxy) => match proxy.wait() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(INTERNAL, &error.to_string()),
        },
        Err(StartError::Rejected(rejection)) => reject(&rejection),
        Err(error @ StartError::Read(_)) => fail(INVALID, &error.to_string()),
        Err(error @ StartError::Thread(_)) => fail(INTERNAL, &error.to_string()),
    }
}

fn reject(rejection: &Rejection) -> ExitCode {
    match rejection {
        Rejection::Invalid(diagnostics) => {
            eprint!("{diagnostics}");
            let count = diagnostics.all().len();
            fail(
                INVALID,
                &format!(
                    "the configuration is invalid: {count} error{}",
                    if count == 1 { "" } else { "s" }
                ),
            )
        }
        Rejection::Unavailable(error) => fail(UNAVAILABLE, &error.to_string()),
        Rejection::Unreadable(error) => fail(INVALID, &error.to_string()),
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    eprintln!("reloadspec-proxy: {message}");
    ExitCode::from(code)
}
