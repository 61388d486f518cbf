//! One process of a target and all that it starts: begun, watched, stopped, and never left behind.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::Cancel;
use super::error::DriveError;
use super::guard::Guard;
use super::log::{Tail, read_lines};
use super::place::user;
use super::recorder::Recorder;
use super::tree::{self, Member};
use super::watches::spawn_without_watches;
use crate::target::spawn;
use crate::target::{CommandLine, LogSource};
use crate::vocabulary::Event;

/// The device that is always full: see full(4).
const FULL: &str = "/dev/full";
/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// How long readers of a log may take to come to its end once nobody writes it any more.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a process needs to be started.
pub(super) struct Start<'a> {
    pub(super) binary: &'a Path,
    pub(super) line: CommandLine,
    pub(super) dir: &'a Path,
    pub(super) sources: &'a [LogSource],
    /// Whether what it writes is read; else nothing that it writes is taken.
    pub(super) is_heard: bool,
    /// Whether it is given inotify watches.
    pub(super) gets_watches: bool,
    pub(super) cancel: &'a Cancel,
}

/// A process that was started. Dropping it kills all of its tree.
pub(super) struct Process {
    recorder: Arc<Recorder>,
    child: Arc<Mutex<Child>>,
    pid: u32,
    mark: String,
    asked: Arc<AtomicBool>,
    exited: Arc<Mutex<Option<ExitStatus>>>,
    readers: mpsc::Receiver<()>,
    reader_count: usize,
    files_end: Arc<AtomicBool>,
    guard: Guard,
    cancel: Cancel,
}

impl Process {
    pub(super) fn start(start: &Start<'_>, recorder: &Arc<Recorder>) -> Result<Self, DriveError> {
        let mark = mark(start.dir);
        let mut command = command(start.binary, &start.line, start.dir, &mark);
        command
            .stdin(Stdio::null())
            .stdout(output(start.is_heard)?)
            .stderr(output(start.is_heard)?)
            .process_group(0);
        // The guard comes first: whenever the harness dies, somebody knows of what it started.
        let mut guard = Guard::start(start.dir, &mark)
            .map_err(DriveError::system("start the guard of a process group"))?;
        let child = if start.gets_watches {
            spawn(&mut command)
        } else {
            spawn_without_watches(&mut command)
        };
        let mut child = child.map_err(|source| DriveError::Spawn {
            binary: start.binary.to_path_buf(),
            source,
        })?;
        let pid = child.id();
        guard.watch_over(pid);
        let (done, readers) = mpsc::channel();
        let files_end = Arc::new(AtomicBool::new(false));
        let mut reader_count = 0;
        let mut read = |name: &'static str, pipe: Option<Box<dyn Read + Send>>| {
            let Some(pipe) = pipe else { return };
            reader_count += 1;
            let (recorder, done) = (Arc::clone(recorder), done.clone());
            thread::spawn(move || {
                read_lines(pipe, name, &recorder);
                // An error means that nobody waits any more.
                let _ = done.send(());
            });
        };
        // A pipe that nobody reads would block the target, so both are read, whatever the target's sources are.
        read(
            "stdout",
            child
                .stdout
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        );
        read(
            "stderr",
            child
                .stderr
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        );
        for source in start.sources {
            if let LogSource::File(path) = source {
                reader_count += 1;
                let tail = Tail {
                    path: start.dir.join(path),
                    name: format!("file:{}", path.display()),
                    recorder: Arc::clone(recorder),
                    end: Arc::clone(&files_end),
                };
                let done = done.clone();
                thread::spawn(move || {
                    tail.run();
                    let _ = done.send(());
                });
            }
        }
        let process = Self {
            recorder: Arc::clone(recorder),
            child: Arc::new(Mutex::new(child)),
            pid,
            mark,
            asked: Arc::new(AtomicBool::new(false)),
            exited: Arc::new(Mutex::new(None)),
            readers,
            reader_count,
            files_end,
            guard,
            cancel: start.cancel.clone(),
        };
        process.watch();
        Ok(process)
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    pub(super) fn exited(&self) -> Option<ExitStatus> {
        *self.exited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it catches a signal now, rather than ignore it or be ended by it.
    pub(super) fn catches(&self, signal: Signal) -> bool {
        tree::caught_signals(self.pid).is_some_and(|caught| caught >> (signal as i32 - 1) & 1 == 1)
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) -> nix::Result<()> {
        if self.exited().is_some() {
            return Err(nix::errno::Errno::ESRCH);
        }
        kill(self.nix_pid(), signal)
    }

    /// Asks it to stop, once: a second signal may mean that it has to hurry.
    pub(super) fn ask_to_stop(&self, signal: Signal) {
        let had_ended = self.exited().is_some();
        if self.asked.swap(true, Ordering::SeqCst) {
            return;
        }
        self.recorder.record(Event::StopAsked {
            at: self.recorder.now(),
        });
        if !had_ended {
            // It may have ended between the look and the signal, which is as well.
            let _ = kill(self.nix_pid(), signal);
        }
    }

    /// As [`Self::ask_to_stop`], by a signal to a process of its tree.
    pub(super) fn ask_one_to_stop(&self, pid: u32, signal: Signal) {
        if self.asked.swap(true, Ordering::SeqCst) {
            return;
        }
        self.recorder.record(Event::StopAsked {
            at: self.recorder.now(),
        });
        // It may have ended between the look and the signal, which is as well.
        let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
    }

    /// Asks it once more, by itself.
    pub(super) fn insist(&self, signal: Signal) {
        // It may have ended meanwhile, which is as well.
        let _ = self.signal(signal);
    }

    /// Asks it to stop, waits until all of its tree is gone, and kills what is left past the bound.
    pub(super) fn stop(mut self, signal: Signal, within: Duration) {
        self.ask_to_stop(signal);
        let deadline = Instant::now() + within;
        let left = loop {
            let left = self.members();
            if left.is_empty() || Instant::now() >= deadline || self.cancel.is_cancelled() {
                break left;
            }
            thread::sleep(LOOK);
        };
        for member in &left {
            self.recorder.record(Event::LeftBehind {
                at: self.recorder.now(),
                pid: member.pid,
                command: member.command.clone(),
            });
        }
        self.kill_all();
        let status = self.exited().map_or_else(|| "killed".to_owned(), describe);
        self.recorder.record(Event::Stopped {
            at: self.recorder.now(),
            status,
        });
        self.read_to_end();
    }

    fn nix_pid(&self) -> Pid {
        // A pid fits: the kernel's are below 2^22.
        Pid::from_raw(i32::try_from(self.pid).unwrap_or(i32::MAX))
    }

    pub(super) fn members(&self) -> Vec<Member> {
        tree::members(self.pid, &self.mark)
    }

    /// Kills all but the process that was started. Returns which.
    pub(super) fn kill_workers(&self) -> Vec<u32> {
        let mut workers = self.members();
        workers.retain(|member| member.pid != self.pid);
        for worker in &workers {
            // It may have ended between the look and the signal, which is as well.
            let _ = kill(Pid::from_raw(worker.pid.cast_signed()), Signal::SIGKILL);
        }
        workers.iter().map(|worker| worker.pid).collect()
    }

    fn kill_all(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let left = self.members();
            if left.is_empty() || Instant::now() >= deadline {
                break;
            }
            for member in left {
                // It may have ended between the look and the signal, which is as well.
                let _ = kill(
                    Pid::from_raw(i32::try_from(member.pid).unwrap_or(i32::MAX)),
                    Signal::SIGKILL,
                );
            }
            thread::sleep(Duration::from_millis(1));
        }
        while self.exited().is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        // The guard goes first, so that it never sees its pipe close while the group's number is another's.
        self.guard.dismiss();
    }

    fn read_to_end(&self) {
        self.files_end.store(true, Ordering::SeqCst);
        let deadline = Instant::now() + LAST_WORDS;
        for _ in 0..self.reader_count {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.readers.recv_timeout(left).is_err() {
                return;
            }
        }
    }

    /// Notices its end.
    fn watch(&self) {
        let (child, exited) = (Arc::clone(&self.child), Arc::clone(&self.exited));
        let (asked, recorder) = (Arc::clone(&self.asked), Arc::clone(&self.recorder));
        thread::spawn(move || {
            loop {
                let looked = child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
                match looked {
                    Ok(None) => thread::sleep(LOOK),
                    Ok(Some(status)) => {
                        if !asked.load(Ordering::SeqCst) {
                            recorder.record(Event::Exited {
                                at: recorder.now(),
                                status: describe(status),
                            });
                        }
                        *exited.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
                        return;
                    }
                    // Somebody else has reaped it: it is gone, and how is not known.
                    Err(_) => {
                        *exited.lock().unwrap_or_else(PoisonError::into_inner) =
                            Some(ExitStatus::from_raw(0));
                        return;
                    }
                }
            }
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.asked.store(true, Ordering::SeqCst);
        self.files_end.store(true, Ordering::SeqCst);
        self.kill_all();
    }
}

/// Where a process writes to.
fn output(is_heard: bool) -> Result<Stdio, DriveError> {
    if is_heard {
        return Ok(Stdio::piped());
    }
    let full = File::options().write(true).open(FULL);
    full.map(Stdio::from)
        .map_err(DriveError::system("open a device that is always full"))
}

/// What all that is started in a run's folder bears in its environment, as does whatever it starts.
pub(super) fn mark(dir: &Path) -> String {
    format!("RELOADSPEC_RUN={}-{}", std::process::id(), dir.display())
}

/// A command of the target's binary, with nothing of the harness's surroundings.
pub(super) fn command(binary: &Path, line: &CommandLine, dir: &Path, mark: &str) -> Command {
    let mut command = Command::new(binary);
    command.args(&line.args).env_clear().current_dir(dir);
    command.env(
        "PATH",
        std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into()),
    );
    command.env("HOME", dir).env("TMPDIR", dir).env("LANG", "C");
    if let Some((key, value)) = mark.split_once('=') {
        command.env(key, value);
    }
    command.envs(line.env.iter().map(|(key, value)| (key, value)));
    if let Some(user) = user() {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// How a process ended, in words.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => {
            let name = Signal::try_from(signal).map_or("unknown", Signal::as_str);
            format!("signal {signal} ({name})")
        }
        (None, None) => "unknown".to_owned(),
    }
}

/// Kills a whole group, for a command that did not end in time.
pub(super) fn kill_group(pid: u32) {
    // It may have ended meanwhile, which is as well.
    let _ = killpg(
        Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX)),
        Signal::SIGKILL,
    );
}
