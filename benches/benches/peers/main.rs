//! The reference and the proxies that are installed, side by side: how fast a change is applied, what requests notice of it, how many requests a second of
//! processor time answers, and memory. `cargo xtask bench peers`; without the path of a built reference it does nothing.
//!
//! Proxies run on one core, with one worker each; this program, the origin (nginx) and load generators on another. Rounds go over all proxies in turn, so that what
//! is compared was measured within seconds. Figures of one machine are compared only with figures of the same machine, side by side.

mod open_loop;
mod probe;
mod proxies;
mod rows;
mod run;
mod site;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{IsTerminal, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use reloadspec_benches::peers::report;
use reloadspec_benches::peers::results::{About, Results};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use proxies::{PROXIES, Peer};
use rows::Bench;
use run::Running;
use site::Scene;

/// A load average that is no rest.
const BUSY: f64 = 0.5;

/// Compare the reference with the proxies that are installed.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench peers --", no_binary_name = false)]
pub(crate) struct Args {
    /// Only these rows: `apply`, `reloads`, `throughput`, `memory`, or one of them, such as `apply/1000`.
    #[arg(long = "row", value_name = "ROW")]
    rows: Vec<String>,
    /// Only proxies whose names begin so; the reference is always among them.
    #[arg(long = "peer", value_name = "NAME")]
    peers: Vec<String>,
    /// A short run, to see that it works.
    #[arg(long)]
    quick: bool,
    /// How often everything is measured [3, or 1 of a quick run].
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Requests a second of the open loop.
    #[arg(long, value_name = "N", default_value_t = 3_000)]
    rate: u32,
    /// Cores that proxies run on.
    #[arg(long, value_name = "CORES", default_value = "0")]
    proxy_cores: String,
    /// Where figures go to, also those of a run that is not whole. A whole one writes to docs/performance.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The figures of a run before (`peers.json`): say which of this one's do not lie where that one expects them.
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// Measure nothing, and make tables and plots anew of the figures that are there.
    #[arg(long)]
    render: bool,
    /// The reference; given by xtask.
    #[arg(long, hide = true)]
    proxy: PathBuf,
    /// A folder of proxies; given by xtask.
    #[arg(long, hide = true)]
    peers_dir: Option<PathBuf>,
    /// Where the figures of a whole run go to; given by xtask.
    #[arg(long, hide = true)]
    docs: Option<PathBuf>,
    /// What paths that are given are relative to; given by xtask.
    #[arg(long, hide = true, default_value = "")]
    here: PathBuf,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    rounds: u32,
    is_quick: bool,
    /// The time of an open loop.
    load: Duration,
    /// The time of a closed loop.
    closed: Duration,
    /// Changes between two looks at memory.
    memory_changes: u64,
}

impl Effort {
    fn new(args: &Args) -> Self {
        let quick = Self {
            rounds: 1,
            is_quick: true,
            load: Duration::from_secs(2),
            closed: Duration::from_secs(1),
            memory_changes: 50,
        };
        let whole = Self {
            rounds: 3,
            is_quick: false,
            load: Duration::from_secs(4),
            closed: Duration::from_secs(2),
            memory_changes: 1_000,
        };
        let effort = if args.quick { quick } else { whole };
        Self {
            rounds: args.rounds.unwrap_or(effort.rounds),
            ..effort
        }
    }

    /// Changes in a round: more where they are quick.
    fn changes(&self, scene: Scene, peer: &Peer) -> u64 {
        let (others, reference) = match scene.routes {
            0..1_000 => (60, 150),
            1_000..10_000 => (30, 60),
            10_000..100_000 => (8, 30),
            _ => (8, 8),
        };
        let whole: u64 = if peer.is_reference() { reference } else { others };
        if self.is_quick { (whole / 4).max(4) } else { whole }
    }
}

impl Args {
    /// Where figures go to: those of a whole run into the documents, others nowhere unless it is said.
    fn folder(&self) -> Option<PathBuf> {
        let is_whole = self.rows.is_empty() && self.peers.is_empty() && !self.quick;
        let docs = self.docs.clone().filter(|_| is_whole);
        let out = self.out.as_ref().map(|out| self.here.join(out));
        out.or(docs)
    }
}

/// On a terminal, what was just measured.
pub(crate) fn progress(what: &str) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let line: String = what.chars().take(110).collect();
        // A closed terminal is no reason to stop.
        let _ = write!(out, "\r\x1b[2K{line}").and_then(|()| out.flush());
    }
}

fn main() -> ExitCode {
    // Arguments may be for the other benchmarks, too.
    if !env::args().any(|argument| argument == "--proxy") {
        println!("peers: not run; it is run by `cargo xtask bench peers`");
        return ExitCode::SUCCESS;
    }
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let folder = args.folder();
    if args.render {
        let folder = folder.context("say by --out where the figures are")?;
        return write(&folder, &read(&folder.join("peers.json"))?);
    }
    let before = args
        .before
        .as_ref()
        .map(|path| read(&args.here.join(path)))
        .transpose()?;
    let began = Instant::now();
    let load_before = load();
    if load_before > BUSY {
        println!(
            "the load average is {load_before}: figures of a machine that is busy otherwise mean little"
        );
    }
    let mut versions = BTreeMap::new();
    let peers = found(args, &mut versions);
    for tool in [("wrk", "-v"), ("h2load", "--version"), ("nginx", "-v")] {
        let (name, arg) = tool;
        let path = proxies::find(name, None).with_context(|| {
            format!("{name} is needed, as origin or to make load: cargo xtask peers install")
        })?;
        versions.insert(
            name.to_owned(),
            proxies::version(&path, &[arg]).unwrap_or_default(),
        );
    }
    let is_absent = |proxy: &&proxies::Proxy| !versions.contains_key(proxy.binary);
    let absent: Vec<_> = PROXIES
        .iter()
        .filter(is_absent)
        .map(|proxy| proxy.name.to_owned())
        .collect();
    for name in &absent {
        println!("{name}: not run, as it is not installed");
    }
    let files = Rlimit {
        current: getrlimit(Resource::Nofile).maximum,
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, files)?;
    let nice = run::settle()?;
    let root = tempfile::tempdir()?;
    let _origin = origin(root.path())?;
    let effort = Effort::new(args);
    let mut bench = Bench {
        args,
        effort,
        peers,
        root: root.path(),
        results: Results::default(),
    };
    bench.run();
    let mut results = bench.results;
    progress("");
    results.about = About {
        versions,
        absent,
        proxy_cores: args.proxy_cores.clone(),
        nice,
        load_before,
        rounds: effort.rounds,
        is_quick: args.quick,
        rate: args.rate,
        took_s: began.elapsed().as_secs(),
        ..machine()
    };
    print!("{}", report::text(&results));
    if let Some(before) = before {
        println!("{}", report::agreement(&before, &results));
    }
    folder.map_or(Ok(()), |folder| write(&folder, &results))
}

fn found(args: &Args, versions: &mut BTreeMap<String, String>) -> Vec<Peer> {
    let mut peers = Vec::new();
    for proxy in &PROXIES {
        let Some(peer) = Peer::find(proxy, &args.proxy, args.peers_dir.as_deref()) else {
            continue;
        };
        versions.insert(proxy.binary.to_owned(), peer.version.clone());
        let is_wanted = |begin: &String| proxy.name.starts_with(begin.as_str());
        if peer.is_reference() || args.peers.is_empty() || args.peers.iter().any(is_wanted) {
            peers.push(peer);
        }
    }
    peers
}

fn origin(root: &Path) -> anyhow::Result<Running> {
    ensure!(
        TcpStream::connect(site::ORIGIN).is_err(),
        "somebody listens on {}: is there another run?",
        site::ORIGIN
    );
    let config = site::prepare(root)?;
    let dir = root.join("origin").display().to_string();
    let args = ["-e", "stderr", "-p", &dir, "-c", &config.display().to_string()].map(str::to_owned);
    let nginx = proxies::find("nginx", None).context("nginx is needed as the origin")?;
    let origin = Running::start(None, &nginx, &args, &root.join("origin.log"))?;
    let began = Instant::now();
    while TcpStream::connect(site::ORIGIN).is_err() {
        if began.elapsed() > run::PATIENCE {
            bail!(
                "the origin does not serve: {}",
                fs::read_to_string(root.join("origin.log"))?
            );
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(origin)
}

/// The load average of the last minute.
fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(f64::NAN)
}

fn machine() -> About {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let words = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output();
        output.map_or_else(
            |_| String::new(),
            |it| String::from_utf8_lossy(&it.stdout).trim().to_owned(),
        )
    };
    About {
        date: words("date", &["-u", "+%Y-%m-%d %H:%M"]),
        processor: processor.map_or_else(String::new, |(_, name)| name.to_owned()),
        cores: cpu.lines().filter(|line| line.starts_with("processor")).count(),
        kernel: words("uname", &["-sr"]),
        ..About::default()
    }
}

fn read(path: &Path) -> anyhow::Result<Results> {
    let read = fs::read_to_string(path)
        .map_err(anyhow::Error::from)
        .and_then(|text| Ok(serde_json::from_str(&text)?));
    read.with_context(|| format!("failed to read the figures of {}", path.display()))
}

fn write(folder: &Path, results: &Results) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let json = serde_json::to_string(results)?;
    fs::write(folder.join("peers.json"), json)?;
    for (name, text) in report::files(results) {
        fs::write(folder.join(name), text)?;
    }
    println!("written to {}", folder.display());
    Ok(())
}
