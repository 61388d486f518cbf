//! Targets: a folder in, files and command lines out.
//!
//! In: a known name or a path. Out: what the driver needs to run that proxy. Never: a proxy's name in code, a process left
//! running (only `--version` is run), a guess where the folder says nothing.

mod changed;
mod check;
mod error;
mod folder;
mod group;
mod inquiry;
mod layouts;
mod load;
mod locate;
mod parts;
mod render;
mod socket;
mod spawn;
mod spec;
mod tls;
mod told;
mod versions;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use crate::vocabulary::{Listener, Scene, TargetFacts, TriggerKind};

pub use error::TargetError;
pub use folder::known;
pub use inquiry::Inquiry;
pub use load::Deviation;
pub use parts::Member;
pub(crate) use spawn::{copy_binary, spawn};
pub use tls::{FURTHER_NAME, TlsFiles};
pub use versions::RollbackOrder;

/// How many origins stand behind every target for its generations: that of generation n is number n modulo this. One more is no
/// generation's, see [`LeadsTo::Apart`](crate::vocabulary::LeadsTo::Apart).
pub const ORIGINS: usize = 4;

/// Where binaries are looked for, before PATH.
#[derive(Clone, Debug, Default)]
pub struct Locate {
    /// This one, whatever the folder says.
    pub binary: Option<PathBuf>,
    /// A folder of binaries by their names.
    pub peers: Option<PathBuf>,
}

/// A proxy under test, in one variant.
#[derive(Debug)]
pub struct Target {
    facts: TargetFacts,
    summary: String,
    url: String,
    binary: Option<PathBuf>,
    spec: spec::Spec,
    templates: render::Templates,
    deviations: Vec<Deviation>,
    sources: Vec<LogSource>,
    stop: Signal,
    graceful: Signal,
}

/// Where and between whom a process of a target runs.
#[derive(Clone, Debug)]
pub struct Place {
    /// A folder of its own.
    pub dir: PathBuf,
    /// The config file.
    pub config: PathBuf,
    /// Where a file stands that is only to be checked.
    pub candidate: PathBuf,
    /// Where it must listen for traffic.
    pub listen: SocketAddr,
    /// An address that is left to it, for an admin API.
    pub admin: SocketAddr,
    /// Where a second listener may be, see [`Listener::Second`].
    pub second: SocketAddr,
    /// Where it may move, see [`Listener::Third`].
    pub third: SocketAddr,
    /// Where a socket in the file system may be, see [`Listener::Socket`].
    pub socket: PathBuf,
    /// The origins, in order: those of generations, and one that is no generation's.
    pub origins: Vec<OriginAddress>,
}

impl Place {
    /// What is to be bound for a listener.
    pub fn bound(&self, listener: Listener) -> Reach {
        Reach::Tcp(match listener {
            Listener::First => self.listen,
            Listener::Second | Listener::Tls | Listener::Http2 => self.second,
            Listener::Third => self.third,
            Listener::Wildcard => (Ipv4Addr::UNSPECIFIED, self.second.port()).into(),
            Listener::Socket => return Reach::Unix(self.socket.clone()),
        })
    }

    /// Where a client asks for a listener.
    pub fn asked(&self, listener: Listener) -> Reach {
        match listener {
            Listener::Wildcard => Reach::Tcp((Ipv4Addr::LOCALHOST, self.second.port()).into()),
            _ => self.bound(listener),
        }
    }
}

/// What can be listened on and connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// An address.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// An origin.
#[derive(Clone, Debug)]
pub struct OriginAddress {
    /// `o0`, `o1`, …
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The files of a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The content of the config file.
    pub config: Vec<u8>,
    /// Files that are written once: their path below the run's folder, and their content.
    pub fixed: Vec<(PathBuf, Vec<u8>)>,
}

/// Arguments and environment of a command of the target's binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// Without the binary itself.
    pub args: Vec<String>,
    /// On top of what every target gets.
    pub env: Vec<(String, String)>,
}

/// Where a target logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, by its path below the run's folder.
    File(PathBuf),
}

/// How a target is told that its file changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// It is not: it watches.
    Watch,
    /// By a signal to the started process.
    Signal(Signal),
    /// By running its binary, or a program that comes with it.
    Command {
        /// That program, by its path or by its name in `PATH`; its binary, if there is none.
        program: Option<PathBuf>,
        /// With these arguments.
        args: Vec<String>,
    },
    /// By a request to its admin API.
    Http {
        /// The method.
        method: String,
        /// The URL.
        url: String,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// Whether the body is the config file; else it is empty.
        sends_config: bool,
    },
    /// By a line to a socket of its.
    Socket {
        /// Where that listens.
        at: Reach,
        /// Without the newline at its end.
        line: String,
        /// Which line of an answer says yes, as a regex; none if nothing is answered that could be told.
        answered: Option<String>,
        /// What changes nothing, and is answered by whoever hears; none if whoever takes a connection hears.
        probe: Option<String>,
    },
}

impl Target {
    /// Loads a target in the variant that is named, or in all of its variants.
    ///
    /// `reference` is a known name or the path of a folder, and optionally `:variant`.
    ///
    /// # Errors
    /// If there is no such target or variant, if its folder breaks the contract of `docs/add-a-target.md`, or if the
    /// binary that was asked for cannot be run. A binary that is merely not there is no error: see [`Self::binary`].
    pub fn load(reference: &str, options: &Locate) -> Result<Vec<Self>, TargetError> {
        load::load(reference, options)
    }

    /// What verdicts rest on.
    pub fn facts(&self) -> &TargetFacts {
        &self.facts
    }

    /// One line about it.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// Where its project lives.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The binary, if there is one to run.
    pub fn binary(&self) -> Option<&Path> {
        self.binary.as_deref()
    }

    /// Findings that its maintainers know and accept.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// Cases of which something cannot apply to it, each with the reason.
    pub fn inapplicable(&self) -> &BTreeMap<String, String> {
        &self.spec.inapplicable
    }

    /// The config file's path below the folder that it is delivered to.
    pub fn config_file(&self) -> &Path {
        Path::new(&self.spec.config_file().path)
    }

    /// Renders a scene into the target's files.
    ///
    /// # Errors
    /// If a template does not render.
    pub fn render(&self, scene: &Scene, place: &Place) -> Result<Rendered, TargetError> {
        self.templates.render(&self.spec, scene, place)
    }

    /// How to start it.
    ///
    /// # Errors
    /// If an argument or a variable does not render.
    pub fn start(&self, place: &Place) -> Result<CommandLine, TargetError> {
        self.start_for(None, place)
    }

    /// How to start it where it is to be told by this trigger alone; by its usual one, if none is named.
    ///
    /// # Errors
    /// If an argument or a variable does not render.
    pub fn start_for(&self, by: Option<TriggerKind>, place: &Place) -> Result<CommandLine, TargetError> {
        self.line(self.spec.start(by), place)
    }

    /// How to start it where it is to have workers.
    ///
    /// # Errors
    /// If an argument or a variable does not render.
    pub fn start_with_workers(&self, place: &Place) -> Result<CommandLine, TargetError> {
        self.line(self.spec.start_with_workers(), place)
    }

    /// How to start it where its configurations name a time for draining, if that is another way than the usual one.
    ///
    /// # Errors
    /// If an argument or a variable does not render.
    pub fn start_draining(&self, place: &Place) -> Result<Option<CommandLine>, TargetError> {
        let start = self.spec.start_draining();
        start.map(|start| self.line(start, place)).transpose()
    }

    fn line(&self, start: &spec::Start, place: &Place) -> Result<CommandLine, TargetError> {
        let args = self.templates.texts(&self.spec, &start.args, place)?;
        let mut env = Vec::new();
        for (name, value) in &start.env {
            env.push((name.clone(), self.templates.text(&self.spec, value, place)?));
        }
        Ok(CommandLine { args, env })
    }

    /// How to tell it that its file changed.
    ///
    /// # Errors
    /// If a part of the trigger does not render.
    pub fn trigger(&self, place: &Place) -> Result<Trigger, TargetError> {
        self.trigger_by(None, place)
    }

    /// How to tell it by this trigger; by its usual one, if none is named.
    ///
    /// # Errors
    /// If a part of the trigger does not render.
    pub fn trigger_by(&self, by: Option<TriggerKind>, place: &Place) -> Result<Trigger, TargetError> {
        self.templates.trigger(&self.spec, self.spec.trigger(by), place)
    }

    /// The arguments that make its binary say whether it would take the file at [`Place::candidate`], if there are any.
    ///
    /// # Errors
    /// If one of them does not render.
    pub fn check_command(&self, place: &Place) -> Result<Option<Vec<String>>, TargetError> {
        let command = self.spec.check_command.as_ref();
        command
            .map(|command| self.templates.texts(&self.spec, &command.args, place))
            .transpose()
    }

    /// The signal that asks it to stop.
    pub fn stop_signal(&self) -> Signal {
        self.stop
    }

    /// The signal that asks it to finish what is in flight, and then to stop.
    pub fn graceful_signal(&self) -> Signal {
        self.graceful
    }

    /// Where it logs.
    pub fn log_sources(&self) -> &[LogSource] {
        &self.sources
    }
}
