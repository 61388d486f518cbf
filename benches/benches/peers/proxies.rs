//! The proxies that are compared: their binaries, files and triggers. Data only; how they are laid out and run is elsewhere.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reloadspec_benches::peers::results::REFERENCE;

/// A proxy in one way of changing it.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) name: &'static str,
    /// As it is found on `PATH` or in `peers/bin`.
    pub(crate) binary: &'static str,
    pub(crate) version_args: &'static [&'static str],
    /// Templates, and where what they make goes to.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// The one of them that changes.
    pub(crate) changing: &'static str,
    /// `{dir}` stands for its folder.
    pub(crate) args: &'static [&'static str],
    pub(crate) trigger: Trigger,
    /// What it needs between two changes. HAProxy's master hears no signal for some 30 ms after it was told to reload.
    pub(crate) rest: Duration,
    /// Whether it stands for its binary in all rows, or only where latencies of changes are measured.
    pub(crate) everywhere: bool,
}

/// What tells a proxy that its file is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// Nothing: it watches.
    Watch,
    /// A signal to the process that was started.
    Hangup,
    Usr2,
    /// Its content, by POST /load to the admin address.
    Post,
}

const REST: Duration = Duration::from_millis(30);

/// All of them.
pub(crate) const PROXIES: [Proxy; 7] = [
    Proxy {
        name: REFERENCE,
        binary: "reloadspec-proxy",
        version_args: &["--version"],
        files: &[("reference.yaml.j2", "proxy.yaml")],
        changing: "proxy.yaml",
        args: &["--config", "{dir}/proxy.yaml"],
        trigger: Trigger::Watch,
        rest: REST,
        everywhere: true,
    },
    Proxy {
        name: "nginx",
        binary: "nginx",
        version_args: &["-v"],
        files: &[("nginx.conf.j2", "nginx.conf")],
        changing: "nginx.conf",
        args: &["-e", "stderr", "-p", "{dir}", "-c", "{dir}/nginx.conf"],
        trigger: Trigger::Hangup,
        rest: REST,
        everywhere: true,
    },
    Proxy {
        name: "haproxy",
        binary: "haproxy",
        version_args: &["-v"],
        files: &[
            ("haproxy.cfg.j2", "haproxy.cfg"),
            ("haproxy.map.j2", "routes.map"),
        ],
        changing: "haproxy.cfg",
        args: &["-W", "-f", "{dir}/haproxy.cfg"],
        trigger: Trigger::Usr2,
        rest: Duration::from_millis(100),
        everywhere: true,
    },
    Proxy {
        name: "envoy-rds",
        binary: "envoy",
        version_args: &["--version"],
        files: &[
            ("envoy-rds-bootstrap.yaml.j2", "bootstrap.yaml"),
            ("envoy-rds.yaml.j2", "rds.yaml"),
        ],
        changing: "rds.yaml",
        args: ENVOY,
        trigger: Trigger::Watch,
        rest: REST,
        everywhere: true,
    },
    Proxy {
        name: "envoy-lds",
        binary: "envoy",
        version_args: &["--version"],
        files: &[
            ("envoy-lds-bootstrap.yaml.j2", "bootstrap.yaml"),
            ("envoy-lds.yaml.j2", "lds.yaml"),
        ],
        changing: "lds.yaml",
        args: ENVOY,
        trigger: Trigger::Watch,
        rest: REST,
        everywhere: false,
    },
    Proxy {
        name: "caddy",
        binary: "caddy",
        version_args: &["version"],
        files: &[("caddy.json.j2", "caddy.json")],
        changing: "caddy.json",
        args: &["run", "--config", "{dir}/caddy.json"],
        trigger: Trigger::Post,
        rest: REST,
        everywhere: true,
    },
    Proxy {
        name: "traefik",
        binary: "traefik",
        version_args: &["version"],
        files: &[
            ("traefik.yml.j2", "traefik.yml"),
            ("traefik-dynamic.yml.j2", "dynamic.yml"),
        ],
        changing: "dynamic.yml",
        args: &["--configFile={dir}/traefik.yml"],
        trigger: Trigger::Watch,
        rest: REST,
        everywhere: true,
    },
];

const ENVOY: &[&str] = &[
    "-c",
    "{dir}/bootstrap.yaml",
    "--concurrency",
    "1",
    "--disable-hot-restart",
    "--log-level",
    "error",
];

/// A proxy that is there.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) proxy: &'static Proxy,
    pub(crate) binary: PathBuf,
    pub(crate) version: String,
}

// === impl Peer ===

impl Peer {
    /// Looks for a proxy: the reference where it was built, others in a folder of peers and then on `PATH`.
    pub(crate) fn find(proxy: &'static Proxy, reference: &Path, peers: Option<&Path>) -> Option<Self> {
        let binary = if proxy.name == REFERENCE {
            reference.to_owned()
        } else {
            find(proxy.binary, peers)?
        };
        let version = version(&binary, proxy.version_args)?;
        Some(Self {
            proxy,
            binary,
            version,
        })
    }

    pub(crate) fn is_reference(&self) -> bool {
        self.proxy.name == REFERENCE
    }
}

/// A program in a folder, or else on `PATH`.
pub(crate) fn find(name: &str, folder: Option<&Path>) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = folder
        .map(Path::to_owned)
        .into_iter()
        .chain(env::split_paths(&path));
    folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// The first word that looks like a version in what a program prints of itself.
pub(crate) fn version(binary: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(binary).args(args).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '('));
    let version = words.find_map(|word| {
        let word = word.trim_start_matches("debian").trim_start_matches('v');
        let begins = word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
        begins.then(|| word.to_owned())
    });
    version.or_else(|| Some("of unknown version".to_owned()))
}
