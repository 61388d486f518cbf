//! Reads what a target logs, line by line, from pipes and from files, and stamps each line when it was read.

use std::fs;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anstream::adapter::strip_str;

use super::recorder::Recorder;
use crate::vocabulary::Event;

pub(super) fn read_lines(pipe: impl Read, source: &str, recorder: &Recorder) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    // A pipe that breaks has nothing more to say.
    while pipe.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        record_line(&line, source, recorder);
        line.clear();
    }
}

fn record_line(line: &[u8], source: &str, recorder: &Recorder) {
    let text = String::from_utf8_lossy(line);
    // Some colour their lines even where they write into a pipe.
    let line = strip_str(text.trim_end_matches(['\n', '\r'])).to_string();
    recorder.record(Event::Log {
        at: recorder.now(),
        source: source.to_owned(),
        line,
    });
}

/// Follows a log file, from when it is there until it is told to end.
pub(super) struct Tail {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) recorder: Arc<Recorder>,
    pub(super) end: Arc<AtomicBool>,
}

impl Tail {
    pub(super) fn run(self) {
        let mut position = 0;
        let mut rest = Vec::new();
        loop {
            // Looked at before the last read, so that nothing written before the end is missed.
            let ending = self.end.load(Ordering::SeqCst);
            position = self.read_on(position, &mut rest);
            if ending {
                // What was written last may lack its end.
                if !rest.is_empty() {
                    record_line(&rest, &self.name, &self.recorder);
                }
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Reads what was added since `position`; a line without its end waits in `rest`.
    fn read_on(&self, position: u64, rest: &mut Vec<u8>) -> u64 {
        let Ok(mut file) = fs::File::open(&self.path) else {
            return position;
        };
        // Shorter than what was read of it: the target has begun it anew.
        let is_anew = file.metadata().is_ok_and(|metadata| metadata.len() < position);
        let position = if is_anew { 0 } else { position };
        let mut added = Vec::new();
        let read = file
            .seek(SeekFrom::Start(position))
            .and_then(|_| file.read_to_end(&mut added));
        let Ok(bytes) = read else { return position };
        rest.extend(added);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            record_line(&line, &self.name, &self.recorder);
        }
        position + bytes as u64
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Instant;

    use tempfile::TempDir;

    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    fn lines(recorder: &Recorder) -> Vec<String> {
        let events = recorder.take().into_iter();
        let line = events.map(|event| match event {
            Event::Log { source, line, .. } => format!("{source}: {line}"),
            other => panic!("{other:?}"),
        });
        line.collect()
    }

    #[test]
    fn a_pipe_is_read_line_by_line_to_its_end() {
        let recorder = Recorder::new();
        let said: &[u8] = b"one\n\ntwo\r\n\x1b[32mINFO\x1b[0m three\nno \xff text\nwithout an end";
        read_lines(said, "stderr", &recorder);
        let expected = [
            "one",
            "",
            "two",
            "INFO three",
            "no \u{fffd} text",
            "without an end",
        ];
        assert_eq!(lines(&recorder), expected.map(|line| format!("stderr: {line}")));
    }

    /// A log file that is followed.
    struct Followed {
        _dir: TempDir,
        path: PathBuf,
        recorder: Arc<Recorder>,
        end: Arc<AtomicBool>,
        thread: thread::JoinHandle<()>,
    }

    impl Followed {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("proxy.log");
            let (recorder, end) = (Recorder::new(), Arc::new(AtomicBool::new(false)));
            let tail = Tail {
                path: path.clone(),
                name: "file:proxy.log".into(),
                recorder: Arc::clone(&recorder),
                end: Arc::clone(&end),
            };
            Self {
                _dir: dir,
                path,
                recorder,
                end,
                thread: thread::spawn(move || tail.run()),
            }
        }

        fn append(&self, bytes: &[u8]) {
            let mut file = fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.path)
                .unwrap();
            file.write_all(bytes).unwrap();
        }

        /// Waits until a line is read.
        fn sees(&self, wanted: &str) {
            let is_it = |event: &Event| matches!(event, Event::Log { line, .. } if line == wanted);
            let seen = self.recorder.wait_for(0, Instant::now() + LONG, || false, is_it);
            assert!(seen, "{wanted} was not read");
        }

        fn end(self) -> Vec<String> {
            self.end.store(true, Ordering::SeqCst);
            self.thread.join().unwrap();
            lines(&self.recorder)
        }
    }

    #[test]
    fn a_file_is_followed_from_when_it_is_there_and_a_line_is_read_when_it_is_whole() {
        let log = Followed::new();
        log.append(b"one\ntw");
        log.sees("one");
        log.append(b"o\n\xe2\x82");
        log.sees("two");
        log.append(b"\xac three\nfour");
        log.sees("\u{20ac} three");
        let expected = ["one", "two", "\u{20ac} three", "four"];
        assert_eq!(log.end(), expected.map(|line| format!("file:proxy.log: {line}")));
    }

    #[test]
    fn a_file_that_is_begun_anew_is_read_from_its_beginning() {
        let log = Followed::new();
        log.append(b"a line of some length\n");
        log.sees("a line of some length");
        fs::write(&log.path, "short\n").unwrap();
        log.sees("short");
        log.append(b"another\n");
        assert_eq!(
            log.end(),
            ["a line of some length", "short", "another"].map(|line| format!("file:proxy.log: {line}"))
        );
    }

    #[test]
    fn a_file_that_never_comes_says_nothing() {
        assert_eq!(Followed::new().end(), [""; 0]);
    }
}
