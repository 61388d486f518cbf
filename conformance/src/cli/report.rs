//! `reloadspec report`

use std::path::PathBuf;

use clap::Args;
use reloadspec::conclude::exit;
use reloadspec::report::{junit, markdown, terminal};

use super::{CliError, Format, print, read_log, style};

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
            reports.extend(read_log(path)?.into_iter().map(|log| log.report));
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
