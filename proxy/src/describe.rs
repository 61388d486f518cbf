//! What the command line tells of the configuration itself: its schema, what a key means, and what a file comes to.
//!
//! In: a command. Out: text on stdout; why not, on stderr; an exit code. No proxy is asked.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use reloadspec_proxy::config::keys::{self, Key};
use reloadspec_proxy::config::shown;
use reloadspec_proxy::reload::{Rejection, environment};
use reloadspec_proxy::source;
use serde_json::Value;
use serde_yaml::Mapping;

/// What to tell.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the JSON Schema of the configuration, by which editors complete and check it.
    Schema,
    /// Tell of the configuration.
    Config {
        #[command(subcommand)]
        about: About,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum About {
    /// Say what a key means, what it takes, and what counts if it is left out; all keys if none is named.
    Explain {
        /// Such as `limits.idle_timeout` or `routes[].respond`.
        #[arg(value_name = "PATH", default_value = "")]
        path: String,
    },
    /// Print what a file comes to: parts joined, references filled in, every default written out, secrets as `***`.
    Show {
        /// The file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The language.
        #[arg(long, value_name = "FORMAT", default_value = "yaml")]
        format: Language,
    },
}

/// A language to print a configuration in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    Yaml,
    Json,
}

/// Tells it.
pub(crate) fn run(command: &Command) -> ExitCode {
    match command {
        Command::Schema => print(&format!("{:#}", keys::json_schema())),
        Command::Config {
            about: About::Explain { path },
        } => match keys::explain(path) {
            Ok(text) => print(text.trim_end()),
            Err(error) => crate::fail(crate::USAGE, &error.to_string()),
        },
        Command::Config {
            about: About::Show { config, format },
        } => match show(config, *format) {
            Ok(text) => print(text.trim_end()),
            Err(rejection) => crate::reject(&rejection),
        },
    }
}

fn print(text: &str) -> ExitCode {
    // Whoever reads only the beginning has what it wants.
    let _ = writeln!(io::stdout(), "{text}");
    ExitCode::SUCCESS
}

fn show(file: &Path, language: Language) -> Result<String, Rejection> {
    let candidate = source::read_candidate(file).map_err(|error| Rejection::Unreadable(Box::new(error)))?;
    let shown = shown(&candidate.gather(&environment)?.validate()?);
    if language == Language::Json {
        return Ok(format!("{shown:#}"));
    }
    serde_yaml::to_string(&ordered(&shown, keys::ROOT))
        .map_err(|error| Rejection::Unreadable(Box::new(error)))
}

/// The same with its keys in the order of the table, as people write them.
fn ordered(value: &Value, keys: &[Key]) -> serde_yaml::Value {
    match value {
        Value::Array(items) => items.iter().map(|item| ordered(item, keys)).collect(),
        Value::Object(entries) if !keys.is_empty() => {
            let present = |key: &Key| {
                let value = ordered(entries.get(key.name)?, key.kind.keys());
                Some((serde_yaml::Value::from(key.name), value))
            };
            serde_yaml::Value::Mapping(keys.iter().filter_map(present).collect())
        }
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| (key.as_str().into(), ordered(value, &[])));
            serde_yaml::Value::Mapping(entries.collect::<Mapping>())
        }
        Value::String(text) => text.as_str().into(),
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => serde_yaml::Value::Null,
        },
        Value::Null => serde_yaml::Value::Null,
    }
}
