//! Processes: proxies on their cores, the bench and its tools on theirs; what they use of processor and memory by the kernel's accounts.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::CpuSet;

use crate::probe::Probe;
use crate::proxies::{Peer, Trigger};
use crate::site::{Places, Scene, Site, Staged};

/// Until a proxy answers, and until a change is seen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Until a process that was told to end is made to.
const GRACE: Duration = Duration::from_secs(3);
/// The core of the bench itself, of the origin and of load generators.
const OWN_CORE: usize = 1;
/// Asked for, where it may be.
const NICE: i32 = -15;

/// Moves this process to its core, which all that it starts inherits, and puts it before others if it may. Says how nice it is.
pub(crate) fn settle() -> anyhow::Result<i32> {
    let mut core = CpuSet::new();
    core.set(OWN_CORE);
    rustix::thread::sched_setaffinity(None, &core).context("two cores are needed")?;
    // Timers as sharp as they come, for the open loop.
    rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1))?;
    let refused = rustix::process::setpriority_process(None, NICE).is_err();
    Ok(if refused { 0 } else { NICE })
}

/// A process that ends with this value, and its children with it.
#[derive(Debug)]
pub(crate) struct Running(Child);

/// A proxy that serves.
#[derive(Debug)]
pub(crate) struct Served {
    process: Running,
    site: Site,
    pub(crate) peer: Peer,
    pub(crate) places: Places,
}

/// A trigger that is answered.
#[derive(Debug)]
pub(crate) struct Triggered(Option<JoinHandle<anyhow::Result<()>>>);

// === impl Running ===

impl Running {
    /// Starts a program on certain cores, `0` or `0,1`, or else on our own. What it says goes to a file.
    pub(crate) fn start(
        cores: Option<&str>,
        binary: &Path,
        args: &[String],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = match cores {
            Some(cores) => {
                let mut command = Command::new("taskset");
                command.args(["-c", cores]).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        let log = fs::File::create(log).with_context(|| format!("failed to create {}", log.display()))?;
        let child = command
            .args(args)
            .env("GOMAXPROCS", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to run {}", binary.display()))?;
        Ok(Self(child))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// The process and all below it.
    pub(crate) fn tree(&self) -> BTreeSet<u32> {
        let mut tree = BTreeSet::new();
        let mut open = vec![self.0.id()];
        while let Some(pid) = open.pop() {
            tree.insert(pid);
            for task in tasks(pid) {
                let children = fs::read_to_string(format!("{task}/children")).unwrap_or_default();
                open.extend(
                    children
                        .split_whitespace()
                        .filter_map(|pid| pid.parse::<u32>().ok()),
                );
            }
        }
        tree
    }

    /// What the tree has had of processors since it was started. What ended meanwhile does not count.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = self.tree().into_iter().flat_map(tasks);
        let nanoseconds = tasks.filter_map(|task| {
            let text = fs::read_to_string(format!("{task}/schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// The memory of the tree, what is shared by several processes in proportion (PSS).
    pub(crate) fn memory_kib(&self) -> u64 {
        let sizes = self.tree().into_iter().filter_map(|pid| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok()
        });
        sizes.sum()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let tree = self.tree();
        // Either may have ended by itself.
        let _ = kill_process(self.pid(), Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < GRACE && !matches!(self.0.try_wait(), Ok(Some(_)) | Err(_)) {
            thread::sleep(Duration::from_millis(5));
        }
        for pid in tree
            .into_iter()
            .filter_map(|pid| Pid::from_raw(pid.cast_signed()))
        {
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

fn tasks(pid: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    entries.map(|entry| entry.path().display().to_string()).collect()
}

// === impl Served ===

impl Served {
    /// Starts a proxy and waits until it answers by generation 0.
    pub(crate) fn start(
        peer: &Peer,
        places: Places,
        scene: Scene,
        cores: &str,
        root: &Path,
    ) -> anyhow::Result<Self> {
        ensure!(
            TcpStream::connect(places.clear).is_err(),
            "somebody listens on {}: is there another run?",
            places.clear
        );
        let site = Site::lay(peer.proxy, places, scene, root)?;
        let dir = site.dir().display().to_string();
        let args: Vec<_> = peer
            .proxy
            .args
            .iter()
            .map(|arg| arg.replace("{dir}", &dir))
            .collect();
        let log = site.dir().with_file_name("log");
        let process = Running::start(Some(cores), &peer.binary, &args, &log)?;
        let mut served = Self {
            process,
            site,
            peer: peer.clone(),
            places,
        };
        let (began, mut probe) = (Instant::now(), Probe::new(places.clear));
        while probe.generation() != Some(0) {
            let over = began.elapsed() > PATIENCE || matches!(served.process.0.try_wait(), Ok(Some(_)));
            if over {
                let log = fs::read_to_string(&log).unwrap_or_default();
                bail!("{} does not serve:\n{log}", peer.proxy.name);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(served)
    }

    pub(crate) fn process(&self) -> &Running {
        &self.process
    }

    pub(crate) fn stage(&self, generation: u64) -> anyhow::Result<Staged> {
        self.site.stage(generation)
    }

    /// Puts a generation where no proxy finds it.
    pub(crate) fn divert(&self, staged: Staged) -> anyhow::Result<()> {
        self.site.divert(staged)
    }

    /// Puts a generation in the place of what serves, and tells the proxy as it wants to be told.
    pub(crate) fn deliver(&self, staged: Staged) -> anyhow::Result<Triggered> {
        let text = self.site.deliver(staged)?;
        let signal = match self.peer.proxy.trigger {
            Trigger::Watch => None,
            Trigger::Hangup => Some(Signal::HUP),
            Trigger::Usr2 => Some(Signal::USR2),
            Trigger::Post => {
                let admin = self.places.admin;
                return Ok(Triggered(Some(thread::spawn(move || post(admin, &text)))));
            }
        };
        if let Some(signal) = signal {
            kill_process(self.process.pid(), signal).context("the proxy is gone")?;
        }
        Ok(Triggered(None))
    }
}

// === impl Triggered ===

impl Triggered {
    /// Waits for the answer, if there is to be one.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self.0.map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => bail!("the trigger panicked"),
            None => Ok(()),
        }
    }
}

fn post(admin: SocketAddr, text: &str) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(admin)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "POST /load HTTP/1.1\r\nhost: {admin}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(text.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "refused: {answer}");
    Ok(())
}
