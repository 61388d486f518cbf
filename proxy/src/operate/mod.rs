//! The commands that ask a running proxy over its admin listener.
//!
//! In: arguments. Out: text for people or JSON as the proxy gave it, on stdout; why not, on stderr; an exit code.

mod client;
mod show;

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use reloadspec_proxy::config::Diagnostics;
use reloadspec_proxy::model::{Address, Admin, Secret};
use reloadspec_proxy::reload::{Candidate, PARCEL_TYPE, Parcel, environment};
use reloadspec_proxy::source::{self, ReadError};
use serde_json::{Value, json};

use client::{Asked, Call, Unreachable};

/// What to ask a running proxy.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what a file would change, and change nothing.
    Plan {
        /// The file that is to serve.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Show what serves, and what became of the last attempt to change it.
    Status {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        common: Common,
    },
    /// Read the configuration file again, and say when it serves or why it does not.
    Reload {
        #[command(flatten)]
        order: Order,
    },
    /// Serve again what an earlier revision said.
    Rollback {
        /// The number of the revision.
        #[arg(value_name = "REV")]
        revision: u64,
        #[command(flatten)]
        order: Order,
    },
}

/// How to reach the proxy, and how to show what it says.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The admin listener: an address, or `unix:` and a path [default: that of the configuration, or 127.0.0.1:9901].
    #[arg(long, value_name = "ADDR", value_parser = address)]
    admin: Option<Address>,
    /// A file with the token of the admin listener [default: $RELOADSPEC_PROXY_TOKEN, or that of the configuration].
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Text for people, or JSON as the proxy gave it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Shape,
}

/// Where else the address may stand.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// A configuration whose `admin` says where the listener is and what its token is.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What orders have in common.
#[derive(Debug, Args)]
pub(crate) struct Order {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    common: Common,
    /// Only if what serves has this digest.
    #[arg(long, value_name = "DIGEST")]
    if_match: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Text,
    Json,
}

/// Why nothing was asked, or no answer came.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}", .0.summary())]
    Invalid(#[from] Diagnostics),
    #[error("failed to read the token from {}: {error}", path.display())]
    Token { path: PathBuf, error: io::Error },
    #[error("the token of $RELOADSPEC_PROXY_TOKEN is no text")]
    TokenText,
    #[error("a file that the configuration refers to is no text")]
    NotText,
    #[error("failed to pack the configuration: {0}")]
    Parcel(#[source] serde_json::Error),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

/// An address of another form.
#[derive(Debug, thiserror::Error)]
#[error("expected an IP address and a port, or `unix:` and a path")]
struct BadAddress;

fn address(text: &str) -> Result<Address, BadAddress> {
    match text.strip_prefix("unix:") {
        Some("") => Err(BadAddress),
        Some(path) => Ok(Address::Unix(Arc::from(Path::new(path)))),
        None => text.parse().map(Address::Tcp).map_err(|_| BadAddress),
    }
}

/// Asks, and shows the answer.
pub(crate) fn run(command: &Command) -> ExitCode {
    let (shape, asked) = match command {
        Command::Plan { config, common } => (common.format, plan(config, common)),
        Command::Status { place, common } => (common.format, place.ask(common, Call::get("/status"))),
        Command::Reload { order } => (order.common.format, order.ask(Call::post("/reload", Vec::new()))),
        Command::Rollback { revision, order } => {
            let body = json!({"revision": revision}).to_string();
            (
                order.common.format,
                order.ask(Call::post("/rollback", body.into_bytes())),
            )
        }
    };
    match asked {
        Ok(asked) => answer(command, shape, &asked),
        Err(Failure::Invalid(diagnostics)) => {
            eprint!("{diagnostics}");
            crate::fail(crate::INVALID, "the configuration is invalid")
        }
        Err(error @ Failure::Unreachable(_)) => crate::fail(crate::UNAVAILABLE, &error.to_string()),
        Err(error) => crate::fail(crate::INVALID, &error.to_string()),
    }
}

fn answer(command: &Command, shape: Shape, asked: &Asked) -> ExitCode {
    let Asked { status, body } = asked;
    let good = (200..300).contains(status);
    if shape == Shape::Json {
        println!("{body}");
        return if good {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(crate::INVALID)
        };
    }
    if !good {
        eprint!("{}", body["details"].as_str().unwrap_or_default());
        return crate::fail(crate::INVALID, &show::problem(*status, body));
    }
    print!(
        "{}",
        match command {
            Command::Plan { .. } => show::plan(body),
            Command::Status { .. } => show::status(body),
            Command::Reload { .. } | Command::Rollback { .. } => show::attempt(body),
        }
    );
    ExitCode::SUCCESS
}

/// What comes to what is judged by the proxy, with its own variables, as by a reload. Only what depends on nothing but the files themselves
/// is said here, with or without a proxy.
fn plan(file: &Path, common: &Common) -> Result<Asked, Failure> {
    let candidate = source::read_candidate(file)?;
    let judged = candidate
        .gather(&environment)
        .and_then(|gathered| gathered.validate());
    let (admin, doubt) = match judged {
        Ok(model) => (model.settings.admin, None),
        Err(diagnostics) if refers(&candidate) => (admin_by_itself(&candidate), Some(diagnostics)),
        Err(diagnostics) => return Err(diagnostics.into()),
    };
    let Some(parcel) = Parcel::of(&candidate) else {
        return Err(doubt.map_or(Failure::NotText, Failure::Invalid));
    };
    let address = common.address(admin.as_ref());
    if address.tcp().is_some_and(|address| !address.ip().is_loopback()) {
        eprintln!(
            "reloadspec-proxy: warning: the whole configuration, its keys and tokens included, goes to {address} in the clear; \
             ask on the machine of the proxy, or through a tunnel"
        );
    }
    let body = serde_json::to_vec(&parcel).map_err(Failure::Parcel)?;
    let call = Call::post("/plan", body).field("content-type", PARCEL_TYPE);
    match (common.ask(admin.as_ref(), call), doubt) {
        // Nobody else can judge it.
        (Err(Failure::Unreachable(_)), Some(diagnostics)) => Err(diagnostics.into()),
        (asked, _) => asked,
    }
}

/// Whether what a configuration comes to depends on variables, which the proxy may know otherwise than this process.
fn refers(candidate: &Candidate) -> bool {
    let members = candidate.members.iter().flatten().map(|member| &member.bytes);
    let mut all = std::iter::once(&candidate.bytes).chain(members);
    all.any(|bytes| bytes.windows(2).any(|pair| pair == b"${"))
}

/// Where a configuration says that the admin listener is, if it says so without the variables that are not set here.
fn admin_by_itself(candidate: &Candidate) -> Option<Admin> {
    let known = |name: &str| Some(environment(name).unwrap_or_default());
    let model = candidate.gather(&known).and_then(|gathered| gathered.validate());
    model.ok()?.settings.admin
}

/// A valid configuration, and where it says that the admin listener is.
fn read(file: &Path) -> Result<(Candidate, Option<Admin>), Failure> {
    let candidate = source::read_candidate(file)?;
    let model = candidate.gather(&environment)?.validate()?;
    Ok((candidate, model.settings.admin))
}

// === impl Place ===

impl Place {
    fn ask(&self, common: &Common, call: Call) -> Result<Asked, Failure> {
        let admin = match &self.config {
            Some(file) => read(file)?.1,
            None => None,
        };
        common.ask(admin.as_ref(), call)
    }
}

// === impl Order ===

impl Order {
    fn ask(&self, call: Call) -> Result<Asked, Failure> {
        let call = match &self.if_match {
            Some(digest) => call.field("if-match", &format!("\"{}\"", digest.trim_matches('"'))),
            None => call,
        };
        self.place.ask(&self.common, call)
    }
}

// === impl Common ===

impl Common {
    /// The command line wins over the environment, and that over the configuration.
    fn ask(&self, configured: Option<&Admin>, call: Call) -> Result<Asked, Failure> {
        let address = self.address(configured);
        let token = match self.token()? {
            Some(token) => Some(token),
            None => configured.and_then(|admin| admin.token.clone()),
        };
        let call = match &token {
            Some(token) => call.field("authorization", &format!("Bearer {}", token.reveal())),
            None => call,
        };
        Ok(client::ask(&address, call)?)
    }

    fn address(&self, configured: Option<&Admin>) -> Address {
        let default = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 9901)));
        let address = self.admin.as_ref().or(configured.map(|admin| &admin.address));
        reachable(address.unwrap_or(&default))
    }

    fn token(&self) -> Result<Option<Secret>, Failure> {
        if let Some(path) = &self.token_file {
            let text = fs::read_to_string(path).map_err(|error| Failure::Token {
                path: path.clone(),
                error,
            })?;
            return Ok(Some(Secret::new(text.trim())));
        }
        match std::env::var("RELOADSPEC_PROXY_TOKEN") {
            Ok(token) => Ok(Some(Secret::new(token.trim()))),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(Failure::TokenText),
        }
    }
}

/// Who listens everywhere listens on loopback too.
fn reachable(address: &Address) -> Address {
    match address {
        Address::Tcp(address) if address.ip().is_unspecified() => {
            let loopback: IpAddr = if address.is_ipv4() {
                Ipv4Addr::LOCALHOST.into()
            } else {
                Ipv6Addr::LOCALHOST.into()
            };
            Address::Tcp(SocketAddr::new(loopback, address.port()))
        }
        address => address.clone(),
    }
}

/// A member of an answer as text; nothing if it is not there.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
