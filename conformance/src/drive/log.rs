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
