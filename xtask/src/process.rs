//! Running a program: passing its streams through, or keeping them, within a deadline.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

/// What a program did.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    /// Its status, or none if it was killed at the deadline.
    pub(crate) status: Option<ExitStatus>,
    /// What it wrote to standard output and standard error, each in order.
    pub(crate) stdout: String,
    /// See `stdout`.
    pub(crate) stderr: String,
    /// How long it ran.
    pub(crate) took: Duration,
}

/// What becomes of a program's output besides being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// It is shown line by line as it comes.
    Yes,
    /// Nothing.
    No,
}

// === impl Ran ===

impl Ran {
    /// The exit code, if it ended by itself and not by a signal.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status?.code()
    }

    /// Whether it ended with 0.
    pub(crate) fn success(&self) -> bool {
        self.code() == Some(0)
    }

    /// The last lines that it wrote to standard error, or else to standard output.
    pub(crate) fn last_words(&self, lines: usize) -> String {
        let text = if self.stderr.trim().is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        let all: Vec<_> = text.trim_end().lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// The command as one would type it.
pub(crate) fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .map(|word| {
            if word.contains(char::is_whitespace) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a program on our own streams.
pub(crate) fn attached(command: &mut Command) -> anyhow::Result<ExitStatus> {
    let line = line_of(command);
    command.status().with_context(|| format!("failed to run {line}"))
}

/// Our exit code for a program that we stand for. One that was ended by a signal is named, and counts as our failure.
pub(crate) fn pass_through(command: &Command, status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    if code.is_none() {
        eprintln!("error: {}: {status}", line_of(command));
    }
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Runs a program and keeps what it says. At the deadline it is killed.
///
/// Done means that its streams are closed: a program that leaves a child behind with them is seen as one that does not end.
pub(crate) fn captured(command: &mut Command, deadline: Duration, echo: Echo) -> anyhow::Result<Ran> {
    captured_from(Stdio::null(), command, deadline, echo)
}

/// The same, of a program that reads.
pub(crate) fn captured_from(
    input: impl Into<Stdio>,
    command: &mut Command,
    deadline: Duration,
    echo: Echo,
) -> anyhow::Result<Ran> {
    let line = line_of(command);
    let began = Instant::now();
    let mut child = command
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to run {line}"))?;
    let (done, all_done) = mpsc::channel();
    let stdout = keep(child.stdout.take(), echo, done.clone(), std::io::stdout());
    let stderr = keep(child.stderr.take(), echo, done, std::io::stderr());
    let status = match all_done.recv_timeout(deadline) {
        Err(RecvTimeoutError::Timeout) => kill(child).map(|()| None),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => child.wait().map(Some),
    };
    Ok(Ran {
        status: status.with_context(|| format!("failed to wait for {line}"))?,
        stdout: text_of(&stdout),
        stderr: text_of(&stderr),
        took: began.elapsed(),
    })
}

type Kept = Arc<Mutex<Vec<u8>>>;

/// Reads a stream to its end on a thread of its own, and then drops `done`.
fn keep(
    stream: Option<impl Read + Send + 'static>,
    echo: Echo,
    done: Sender<()>,
    mut shown: impl Write + Send + 'static,
) -> Kept {
    let kept = Kept::default();
    let sink = Arc::clone(&kept);
    thread::spawn(move || {
        let _done = done;
        let Some(stream) = stream else { return };
        let mut lines = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(lines.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            if echo == Echo::Yes {
                // A closed terminal is no reason to end what it was watching.
                drop(shown.write_all(&line).and_then(|()| shown.flush()));
            }
            sink.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .append(&mut line);
        }
    });
    kept
}

fn kill(mut child: Child) -> std::io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
}

fn text_of(kept: &Kept) -> String {
    let bytes = kept.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom};

    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_code_are_kept() {
        let ran = captured(
            &mut sh("echo out; echo err >&2; exit 3"),
            Duration::from_secs(60),
            Echo::No,
        )
        .unwrap();
        assert_eq!(ran.code(), Some(3));
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!(ran.last_words(1), "err");
    }

    #[test]
    fn a_program_is_given_what_it_reads() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"in").unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let ran = captured_from(file, &mut sh("cat"), Duration::from_secs(60), Echo::No).unwrap();
        assert_eq!(ran.stdout, "in");
    }

    #[test]
    fn a_program_that_does_not_end_is_killed_at_the_deadline() {
        let ran = captured(
            &mut sh("echo here; exec sleep 60"),
            Duration::from_millis(300),
            Echo::No,
        )
        .unwrap();
        assert!(ran.status.is_none());
        assert!(ran.took < Duration::from_secs(30));
        assert_eq!(ran.stdout, "here\n");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = captured(
            &mut Command::new("no-such-program"),
            Duration::from_secs(1),
            Echo::No,
        )
        .unwrap_err();
        assert!(format!("{error:#}").contains("no-such-program"));
    }

    #[test]
    fn a_command_reads_as_one_would_type_it() {
        let mut command = Command::new("a");
        command.args(["b", "c d"]);
        assert_eq!(line_of(&command), "a b 'c d'");
    }
}
