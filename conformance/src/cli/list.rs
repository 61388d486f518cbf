//! `reloadspec list`

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use reloadspec::catalogue;
use reloadspec::conclude::exit;
use reloadspec::target::known;
use reloadspec::vocabulary::Capability;

use super::{CliError, document, print};

#[derive(Args)]
pub(super) struct List {
    /// The format.
    #[arg(long, value_enum, default_value = "text")]
    format: ListFormat,
    /// List the capabilities that a target may declare.
    #[arg(long, conflicts_with = "targets")]
    capabilities: bool,
    /// List the targets that come with the suite.
    #[arg(long)]
    targets: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people.
    Text,
    /// The catalogue as data.
    Json,
    /// The catalogue as the document that can be cited.
    Markdown,
}

impl List {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        print(&self.text()?)?;
        Ok(exit::CONFORMANT)
    }

    fn text(&self) -> Result<String, CliError> {
        if self.capabilities {
            return Ok(self.names(
                &Capability::ALL
                    .iter()
                    .map(|capability| capability.name().to_owned())
                    .collect::<Vec<_>>(),
            ));
        }
        if self.targets {
            return Ok(self.names(&known()));
        }
        let cases = catalogue::all();
        if self.format == ListFormat::Json {
            let json = serde_json::to_string_pretty(&cases);
            return json
                .map(|json| json + "\n")
                .map_err(|e| CliError::io("write the catalogue")(e.into()));
        }
        if self.format == ListFormat::Markdown {
            return Ok(document::markdown(&cases));
        }
        let mut out = String::new();
        for (area, cases) in document::by_area(&cases) {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(out, "{}{area}", if out.is_empty() { "" } else { "\n" });
            for case in cases {
                let _ = writeln!(
                    out,
                    "  {:<7} {}\n          {}",
                    case.level, case.id, case.requirement
                );
            }
        }
        Ok(out)
    }

    fn names(&self, names: &[String]) -> String {
        match self.format {
            ListFormat::Text => names.join("\n") + "\n",
            ListFormat::Markdown => format!("- `{}`\n", names.join("`\n- `")),
            ListFormat::Json => serde_json::json!(names).to_string() + "\n",
        }
    }
}
