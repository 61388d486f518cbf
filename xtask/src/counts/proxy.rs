//! A proxy under a tool, and its configuration: started, changed, waited for, ended.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// A start or a reload under callgrind on a busy machine takes seconds.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks at what the threads do.
const LOOK: Duration = Duration::from_micros(200);

/// The proxy, until it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    tool: Child,
    pid: u32,
    site: Site,
    revision: u32,
}

/// What it serves, from which folder.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) folder: PathBuf,
    /// Of the proxy and of the origin.
    pub(super) address: Ipv4Addr,
    pub(super) origin_port: u16,
    pub(super) routes: usize,
    /// Whether its file is looked at, now and then without a reason too.
    pub(super) is_watched: bool,
}

/// The port that the proxy listens on: the address is ours alone.
pub(super) const PORT: u16 = 8080;

/// The processes whose rest is waited for.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    tasks: PathBuf,
}

// === impl Site ===

impl Site {
    /// An address of the loopback that no other process of this machine takes.
    pub(super) fn address() -> Ipv4Addr {
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        Ipv4Addr::new(127, 64 | (high & 63), middle, low)
    }

    /// The path that a request asks for: that of a route in the middle.
    pub(super) fn path(&self) -> String {
        format!("/route-{}", 1000 + self.routes / 2)
    }

    /// The proxy watches the folder and the one above it, in which nothing else is written.
    fn file(&self) -> PathBuf {
        self.folder.join("watched/served/proxy.yaml")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Writes the configuration as a deployment does: whole, and renamed into place. Each revision has another value, of the same length.
    fn write(&self, revision: u32) -> anyhow::Result<()> {
        let scratch = self.folder.join("next.yaml");
        fs::write(&scratch, self.text(revision)).context("failed to write a configuration")?;
        fs::rename(&scratch, self.file()).context("failed to put a configuration in place")
    }

    fn text(&self, revision: u32) -> String {
        let Self {
            address,
            origin_port,
            routes,
            ..
        } = self;
        let head = format!(
            "workers: 1\npool: {{idle_timeout: 1h}}\nlisteners:\n  - {{name: public, address: \"{address}:{PORT}\"}}\n\
             upstreams:\n  - {{name: origin, endpoints: [{{address: \"{address}:{origin_port}\"}}]}}\nroutes:\n"
        );
        let route = |number: usize| {
            // All have the same length, so that a request does not depend on which it asks for.
            let value = if number == 0 { 1000 + revision } else { 1000 };
            let prefix = 1000 + number;
            format!(
                "  - {{prefix: /route-{prefix}, upstream: origin, response_headers: {{set: {{x-value: \"{value}\"}}}}}}\n"
            )
        };
        (0..*routes).map(route).fold(head, |text, line| text + &line)
    }
}

// === impl Proxy ===

impl Proxy {
    /// Starts `wrapped`, which is the tool with its own arguments, on the binary, and waits until it serves and is at rest.
    pub(super) fn start(mut wrapped: Command, binary: &Path, site: Site) -> anyhow::Result<Self> {
        let revision = 1;
        fs::create_dir_all(site.folder.join("watched/served")).context("failed to create a folder")?;
        site.write(revision)?;
        let log = File::create(site.log()).context("failed to create a log")?;
        wrapped.arg(binary).arg("--config").arg(site.file());
        if !site.is_watched {
            wrapped.arg("--no-watch");
        }
        let tool = wrapped
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to run {}", crate::process::line_of(&wrapped)))?;
        let mut proxy = Self {
            pid: tool.id(),
            tool,
            site,
            revision,
        };
        proxy.wait_until_it_serves()?;
        // One that is traced is a child of the tool; one that is interpreted is the tool.
        proxy.pid = child_of(proxy.pid)?.unwrap_or(proxy.pid);
        proxy.rest().wait()?;
        Ok(proxy)
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn rest(&self) -> Rest {
        Rest {
            tasks: PathBuf::from(format!("/proc/{}/task", self.pid)),
        }
    }

    /// Changes one value of the first route, and waits until that serves and nothing is left to do.
    pub(super) fn reload(&mut self) -> anyhow::Result<()> {
        self.revision += 1;
        self.site.write(self.revision)?;
        self.wait_until_it_serves()?;
        self.rest().wait()
    }

    /// Waits for the record that says so. What is logged by default is a part of a reload.
    fn wait_until_it_serves(&mut self) -> anyhow::Result<()> {
        let wanted = format!(" revision={} ", self.revision);
        let deadline = Instant::now() + DEADLINE;
        loop {
            let log = fs::read_to_string(self.site.log()).context("failed to read the log")?;
            if log
                .lines()
                .any(|line| line.contains(" INFO ") && line.contains(&wanted))
            {
                return Ok(());
            }
            if Instant::now() > deadline || self.tool.try_wait()?.is_some() {
                bail!(
                    "the proxy does not serve revision {}, and says:\n{log}",
                    self.revision
                );
            }
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // A tracer that is killed leaves its tracee; one whose tracee is killed ends.
        let killed = Command::new("kill")
            .args(["-KILL", &self.pid.to_string()])
            .status();
        if !killed.is_ok_and(|status| status.success()) {
            drop(self.tool.kill());
        }
        drop(self.tool.wait());
    }
}

fn child_of(pid: u32) -> anyhow::Result<Option<u32>> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))?;
    children
        .split_whitespace()
        .next()
        .map(|child| child.parse().with_context(|| format!("a process called {child}")))
        .transpose()
}

// === impl Rest ===

impl Rest {
    /// Waits until every thread sleeps: whatever was caused has been done, and the next thing that happens wakes the proxy from its wait
    /// for events. Without it, how often a proxy wakes up and reads nothing depends on who is faster.
    pub(super) fn wait(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + DEADLINE;
        while !self.is_there()? {
            if Instant::now() > deadline {
                bail!("the proxy does not come to rest");
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    fn is_there(&self) -> anyhow::Result<bool> {
        for task in fs::read_dir(&self.tasks).context("the proxy ended")? {
            // One that ended since is at rest.
            let stat = fs::read_to_string(task?.path().join("stat")).unwrap_or_default();
            if state_in(&stat).is_some_and(|state| state != "S") {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The third field of `stat` (proc(5)); the second is a name in brackets, of whatever characters.
fn state_in(stat: &str) -> Option<&str> {
    stat.rsplit_once(") ")?.1.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_thread_stands_after_its_name() {
        assert_eq!(state_in("12 (a) S) R 1 2"), Some("R"));
        assert_eq!(state_in("12 (worker-1) S 1 2"), Some("S"));
        assert_eq!(state_in(""), None);
    }

    #[test]
    fn a_revision_changes_one_value_and_no_length() {
        let site = Site {
            folder: PathBuf::new(),
            address: Site::address(),
            origin_port: 9000,
            routes: 3,
            is_watched: true,
        };
        let (one, two) = (site.text(1), site.text(2));
        assert_eq!(one.len(), two.len());
        let changed = one.lines().zip(two.lines()).filter(|(a, b)| a != b);
        assert_eq!(changed.count(), 1);
        assert!(one.contains(&site.path()));
    }
}
