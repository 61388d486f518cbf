//! `reloadspec report`

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Args;
use reloadspec::conclude::exit;
use reloadspec::report::{junit, log, markdown, terminal};

use super::{CliError, Format, print, style};

#[derive(Args)]
pub(super) struct Report {
    /// Event logs, as `run --format json` writes them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The format.
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
}

impl Report {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let mut reports = Vec::new();
        for path in &self.files {
            let file = File::open(path).map_err(CliError::io(format!("open {}", path.display())))?;
            let logs = log::read_all(BufReader::new(file)).map_err(|source| CliError::Log {
                path: path.clone(),
                source,
            })?;
            reports.extend(logs.into_iter().map(|log| log.report));
        }
        let text = match self.format {
            Format::Terminal => {
                let style = style(&std::io::stdout());
                reports
                    .iter()
                    .map(|report| terminal::render(report, style))
                    .collect()
            }
            Format::Junit => junit::render(&reports).map_err(|error| CliError::Junit(error.to_string()))?,
            Format::Markdown => markdown::render(&reports),
            Format::Json => return Err(CliError::Usage("an event log is JSON already".into())),
        };
        print(&text)?;
        Ok(exit::worst(reports.iter().map(|report| report.footer.exit_code)))
    }
}
