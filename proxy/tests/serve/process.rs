//! The proxy as its user meets it: a process with arguments, signals, a log and an exit code.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Owned, PATIENCE, config, config_at, echo, get, rename_over};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_reloadspec-proxy");

pub(crate) struct Process {
    pub(crate) child: Owned,
    lines: Receiver<String>,
    address: SocketAddr,
}

impl Process {
    pub(crate) fn start(path: &Path, arguments: &[&str]) -> Self {
        Self::start_with(path, arguments, &[])
    }

    /// The same with variables of the environment.
    pub(crate) fn start_with(path: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(BINARY)
            .envs(variables.iter().copied())
            .arg("--config")
            .arg(path)
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let (sender, lines) = mpsc::channel();
        let stderr = child.stderr.take().expect("a pipe");
        let child = Owned(child);
        thread::spawn(move || {
            BufReader::new(stderr)
                .lines()
                .map_while(Result::ok)
                .all(|line| sender.send(line).is_ok())
        });
        let mut process = Self {
            child,
            lines,
            address: ([127, 0, 0, 1], 0).into(),
        };
        let listening = process.line("listening");
        let address = listening.split("address").nth(1).expect("an address");
        let address: String = address
            .chars()
            .filter(|c| c.is_ascii_digit() || ".:".contains(*c))
            .collect();
        process.address = address.trim_matches(':').parse().expect("an address");
        process.line("configuration loaded");
        process
    }

    /// The next line that contains `text`.
    pub(crate) fn line(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("no line with {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Every line until the process ends.
    pub(crate) fn rest(self) -> (Option<i32>, Vec<String>) {
        let mut child = self.child;
        let lines = self.lines.iter().collect();
        (child.wait().expect("an end").code(), lines)
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(name)
            .arg(self.child.id().to_string())
            .status()
            .expect("kill");
        assert!(status.success());
    }

    pub(crate) fn stamp(&self) -> String {
        get(self.address, "/")
            .field("x-generation")
            .expect("a stamp")
            .to_owned()
    }
}

pub(crate) fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("proxy.yaml");
    fs::write(&path, content).expect("a file");
    (folder, path)
}

pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(BINARY).args(arguments).output().expect("the binary");
    (
        status.code(),
        String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned(),
    )
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let (folder, good) = file(config("g1", ([127, 0, 0, 1], 1).into()));
    let (_other, bad) = file("workers: many\n");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    assert_eq!(run(&["--check", &text(&good)]).0, Some(0));
    let (code, output) = run(&["--check", &text(&bad)]);
    assert!(code == Some(1) && output.contains("proxy.yaml:1:10"), "{output}");
    assert_eq!(run(&["--config", &text(&bad)]).0, Some(1));
    for arguments in [
        &["--config", &text(&folder.path().join("absent"))][..],
        &["--check", "/nowhere/at/all"],
    ] {
        let (code, output) = run(arguments);
        assert!(code == Some(1) && output.contains("failed to read"), "{output}");
    }
    for arguments in [
        &[][..],
        &["--frobnicate"],
        &["--config"],
        &["--config", "a", "--check", "b"],
    ] {
        assert_eq!(run(arguments).0, Some(64), "{arguments:?}");
    }
    assert!(run(&["--version"]).1.starts_with("reloadspec-proxy "));
    assert_eq!(run(&["--help"]).0, Some(0));
}

#[test]
fn a_taken_address_is_unavailable() {
    let taken = TcpListener::bind("127.0.0.45:0").expect("an address");
    let address = taken.local_addr().expect("its address").to_string();
    let (_folder, path) = file(config_at(
        &address,
        "g1",
        taken.local_addr().expect("its address"),
    ));
    let (code, output) = run(&["--config", path.to_str().expect("text")]);
    assert!(
        code == Some(69) && output.contains(&address) && output.contains("in use"),
        "{output}"
    );
    // It may be the proxy that is to be reloaded that has it.
    let (code, output) = run(&["--check", path.to_str().expect("text")]);
    assert!(
        code == Some(0) && output.contains(&format!("warning: {address} is in use")),
        "{output}"
    );
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo")
            .success()
    );
    let large = folder.path().join("large");
    File::create(&large)
        .and_then(|file| file.set_len(100 << 20))
        .expect("a large file");
    let started = Instant::now();
    for path in [&pipe, folder.path(), Path::new("/dev/zero"), &large] {
        let (code, output) = run(&["--check", path.to_str().expect("text")]);
        assert!(code == Some(1) && output.contains("failed to read"), "{output}");
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_example_is_valid() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/proxy.yaml");
    let (code, output) = run(&["--check", example.to_str().expect("text")]);
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn each_change_leaves_one_record() {
    let a = echo("a");
    let (_folder, path) = file(config("g1", a));
    let process = Process::start(&path, &[]);
    rename_over(&path, &config("g2", a));
    let applied = process.line("configuration applied");
    let expected = [
        " INFO configuration applied path=",
        "proxy.yaml",
        "from_revision=1 revision=2",
        "digest=",
        "duration_ms=",
        "plan=\"~route */, ~response_headers\"",
    ];
    assert!(expected.iter().all(|part| applied.contains(part)), "{applied}");
    assert!(
        applied.contains("changed=\"routes ~1, response_headers\""),
        "{applied}"
    );
    assert_eq!(process.stamp(), "g2");

    rename_over(&path, &(config("g3", a) + "workers: many\n"));
    let rejected = process.line("ERROR configuration rejected: ");
    assert!(
        rejected.contains("proxy.yaml:5:10: expected a whole number, found text; still serving revision 2")
    );
    assert_eq!(process.stamp(), "g2");

    process.signal("-HUP");
    process.line("ERROR configuration rejected: ");
    rename_over(&path, &config("g2", a));
    process.line("INFO configuration unchanged");
    process.signal("-HUP");
    process.line("INFO configuration unchanged");

    fs::remove_file(&path).expect("a removal");
    let missing = process.line("WARN configuration unreadable: ");
    assert!(missing.contains("still serving revision 2"), "{missing}");
    fs::write(&path, config("g2", a)).expect("a file");
    process.line("INFO configuration readable again");
    fs::remove_file(&path).expect("a removal");
    process.line("WARN configuration unreadable: ");
    fs::write(&path, config("g4", a)).expect("a file");
    assert!(
        process
            .line("configuration applied")
            .contains("from_revision=2 revision=3")
    );
    assert_eq!(process.stamp(), "g4");

    process.signal("-TERM");
    let (code, rest) = process.rest();
    assert_eq!(code, Some(0));
    assert!(rest.iter().all(|line| line.contains(" INFO stop")), "{rest:?}");
}

#[test]
fn the_log_is_json_on_request_and_changes_live() {
    let a = echo("a");
    let (_folder, path) = file(config("g1", a) + "log: {format: json}\n");
    let process = Process::start(&path, &[]);
    rename_over(&path, &(config("g2", a) + "log: {format: json}\n"));
    let record: serde_json::Value =
        serde_json::from_str(&process.line("configuration applied")).expect("JSON");
    assert_eq!(
        (&record["level"], &record["revision"], &record["from_revision"]),
        (&"INFO".into(), &2.into(), &1.into())
    );
    rename_over(&path, &config("g3", a));
    assert!(
        process
            .line("configuration applied")
            .contains(" INFO configuration applied ")
    );
    // At this level an applied change is no longer worth a record, a refused one is.
    rename_over(&path, &(config("g4", a) + "log: {level: error}\n"));
    rename_over(&path, "workers: many\n");
    let next = process.lines.recv_timeout(PATIENCE).expect("a line");
    assert!(
        next.contains("configuration applied") || next.contains("ERROR configuration rejected"),
        "{next}"
    );
    process.signal("-INT");
    assert_eq!(process.rest().0, Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let origin = crate::support::origin(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (folder, path) = file("");
    let pid = folder.path().join("proxy.pid");
    let content = config("g1", origin) + "drain: {timeout: 1h}\n";
    fs::write(&path, content + &format!("pid_file: '{}'\n", pid.display())).expect("a file");
    let process = Process::start(&path, &[]);
    assert!(pid.exists());
    let mut client = crate::support::connect(process.address);
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("to send");
    // Answered once the request of the first connection was taken.
    let mut other = crate::support::connect(process.address);
    other
        .write_all(b"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("to send");
    crate::support::read_answer(&mut other);
    process.signal("-TERM");
    process.line("stopping");
    process.signal("-TERM");
    assert_eq!(process.rest().0, Some(143));
    assert!(!pid.exists(), "the PID file is left behind");
}

/// Starts the binary with a log that nobody reads, so that it hangs once it has written much, sends SIGTERM and waits.
fn ended_while_it_hangs(arguments: &[&str]) -> ExitStatus {
    let mut child = Command::new(BINARY)
        .args(arguments)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut stderr = child.stderr.take().expect("a pipe");
    stderr.read_exact(&mut [0]).expect("the first byte");
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.expect("kill").success());
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a state") {
            return status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().expect("an end");
            panic!("{arguments:?} does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_signal_ends_a_check_and_a_boot_that_hang() {
    let (_folder, path) = file(format!("listeners: [{{name: '{}'}}]\n", "+".repeat(1 << 20)));
    let status = ended_while_it_hangs(&["--check", path.to_str().expect("text")]);
    assert_eq!(status.signal(), Some(15), "{status}");

    let listener = |number: usize| {
        let address = format!("127.2.{}.{}:0", number / 200, number % 200 + 1);
        format!(
            "  - {{name: {}{number}, address: '{address}'}}\n",
            "l".repeat(120)
        )
    };
    let listeners: String = (0..400).map(listener).collect();
    let (_folder, path) = file(format!("workers: 1\nlisteners:\n{listeners}"));
    // Records in a long form, so that they fill the pipe.
    let status = ended_while_it_hangs(&["--config", path.to_str().expect("text"), "--log-format", "json"]);
    assert_eq!(status.code(), Some(143), "{status}");
}

#[test]
fn an_unreadable_file_is_told_of_once_and_its_return_is_noticed() {
    let a = echo("a");
    let (folder, path) = file(config("g1", a));
    let process = Process::start(&path, &[]);
    // Something else in its place, for longer than several looks.
    fs::remove_file(&path).expect("a removal");
    fs::create_dir(&path).expect("a folder");
    assert!(
        process
            .line("configuration unreadable")
            .contains("it is a directory, not a file")
    );
    assert!(
        process.lines.recv_timeout(Duration::from_millis(1200)).is_err(),
        "told twice"
    );
    fs::remove_dir(&path).expect("a removal");
    rename_over(&path, &config("g2", a));
    process.line("configuration applied");
    assert_eq!(process.stamp(), "g2");
    drop(folder);
    process.signal("-TERM");
    process.rest();
}
