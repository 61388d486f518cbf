//! `reloadspec run`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use reloadspec::catalogue;
use reloadspec::conclude::exit;
use reloadspec::drive::Cancel;
use reloadspec::report::{junit, markdown, terminal};
use reloadspec::select::select;
use reloadspec::suite::{self, RunOptions};
use reloadspec::target::Target;
use reloadspec::vocabulary::{Profile, RunReport};

use super::progress::Bar;
use super::{CliError, Format, Where, print, style};

#[derive(Args)]
pub(super) struct Run {
    /// Known names or folders, each optionally with `:VARIANT`; without one, all variants are run.
    #[arg(required_unless_present = "target")]
    targets: Vec<String>,
    /// The same, as an option.
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
    /// Only cases whose id contains this, or of this area; `*` stands for any text.
    #[arg(long = "case", value_name = "PATTERN")]
    cases: Vec<String>,
    /// Which cases: the core that every proxy that reloads owes, or all.
    #[arg(long, value_enum, default_value = "extended")]
    profile: Selection,
    #[command(flatten)]
    locate: Where,
    /// The format of the report.
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
    /// Write the report to a file; standard output then has the report for people.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the evidence of what did not pass goes; `none` for nowhere.
    #[arg(long, value_name = "DIR", default_value = "reports/evidence")]
    evidence: PathBuf,
    /// The seed of the harness's random choices.
    #[arg(long)]
    seed: Option<u64>,
    /// Let an unsupported check count as a failure, for a proxy that claims all of it.
    #[arg(long)]
    strict: bool,
    /// How many cases may run side by side; by default two a core. Those that measure short times always run alone.
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZero<usize>>,
    /// Show no progress, even on a terminal.
    #[arg(long)]
    no_progress: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Selection {
    /// What whoever reloads at all owes to whoever uses it; under a minute for a fast proxy.
    Core,
    /// All of the core, and what needs a further capability of the target, or takes long.
    Extended,
}

impl From<Selection> for Profile {
    fn from(selection: Selection) -> Self {
        match selection {
            Selection::Core => Self::Core,
            Selection::Extended => Self::Extended,
        }
    }
}

impl Run {
    pub(super) fn run(self) -> Result<u8, CliError> {
        let cases = select(catalogue::all(), self.profile.into(), &self.cases)?;
        let locate = self.locate.clone().into();
        let mut targets = Vec::new();
        for reference in self.targets.iter().chain(&self.target) {
            targets.extend(Target::load(reference, &locate)?);
        }
        self.check_binary(&targets)?;
        let options = RunOptions {
            seed: self.seed.unwrap_or_else(seed_of_the_time),
            evidence: Some(self.evidence.clone()).filter(|path| path.as_os_str() != "none"),
            strict: self.strict,
            profile: self.profile.into(),
            jobs: self.jobs,
            cancel: cancel_on_signal()?,
        };
        let mut out = self.out.as_deref().map(create).transpose()?;
        let mut log = self.event_log(out.as_ref())?;
        let mut reports = Vec::new();
        for target in &targets {
            let mut bar = Bar::new(&target.facts().title(), !self.no_progress);
            let report = suite::run(target, &cases, &options, &mut log, &mut bar)?;
            drop(bar);
            if self.out.is_some() || self.format == Format::Terminal {
                print(&(terminal::render(&report, style(&io::stdout())) + "\n"))?;
            }
            reports.push(report);
        }
        log.flush().map_err(CliError::io("write the event log"))?;
        drop(log);
        let text = self.text(&reports)?;
        match (&mut out, &self.out) {
            (Some(file), Some(path)) => file
                .write_all(text.as_bytes())
                .map_err(CliError::file("write", path))?,
            // What people read was printed as the runs ended.
            _ if self.format == Format::Terminal => {}
            _ => print(&text)?,
        }
        Ok(exit::worst(reports.iter().map(|report| report.footer.exit_code)))
    }

    /// A build of one proxy is none of another.
    fn check_binary(&self, targets: &[Target]) -> Result<(), CliError> {
        let mut names: Vec<&str> = targets.iter().map(|it| it.facts().binary.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        if self.locate.binary.is_some() && names.len() > 1 {
            return Err(CliError::Usage(format!(
                "--binary names one binary, and the targets have different ones: {}; call me once for each",
                names.join(", ")
            )));
        }
        Ok(())
    }

    /// Where the events go while the run goes on.
    fn event_log(&self, out: Option<&File>) -> Result<Box<dyn Write>, CliError> {
        Ok(match (self.format, out) {
            (Format::Json, Some(file)) => {
                let file = file.try_clone().map_err(CliError::io("write the event log"))?;
                Box::new(BufWriter::new(file))
            }
            (Format::Json, None) => Box::new(BufWriter::new(io::stdout())),
            _ => Box::new(io::sink()),
        })
    }

    /// What is written once all is judged.
    fn text(&self, reports: &[RunReport]) -> Result<String, CliError> {
        Ok(match self.format {
            Format::Json => String::new(),
            Format::Terminal => reports
                .iter()
                .map(|report| terminal::render(report, terminal::Style::default()))
                .collect(),
            Format::Junit => junit::render(reports).map_err(|error| CliError::Junit(error.to_string()))?,
            Format::Markdown => markdown::render(reports),
        })
    }
}

/// A number of cases side by side, from 1.
fn jobs(text: &str) -> Result<NonZero<usize>, String> {
    let told = "at least one case has to run at a time: give a number from 1 on, or leave the option out";
    text.parse().map_err(|_| told.to_owned())
}

/// Opens the report's file before anything is run: a run takes too long to be lost to a path.
fn create(path: &Path) -> Result<File, CliError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(CliError::file("create", folder))?;
    }
    File::create(path).map_err(CliError::file("create", path))
}

/// Ends the run on SIGINT, SIGTERM and SIGHUP: the driver then stops all that it started.
pub(super) fn cancel_on_signal() -> Result<Cancel, CliError> {
    let cancel = Cancel::default();
    let on_signal = cancel.clone();
    ctrlc::set_handler(move || on_signal.cancel())
        .map_err(|error| CliError::io("listen for signals")(io::Error::other(error)))?;
    Ok(cancel)
}

fn seed_of_the_time() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(1, |since| since.subsec_nanos().into())
}
