//! The PID file, as somebody reads it who wants to tell the target something.
//!
//! In: where the file stands. Out: what stood in it and whose number that was, in the recorder. Never: a signal to a process that is none of the target.

use std::fs;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::script::Driver;
use crate::vocabulary::{Event, Nanos, PidFileLook, Whose};

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(2);
/// How much of what stands in it is kept, in characters.
const KEPT: usize = 100;

impl Driver<'_> {
    /// Reads it until it names a living process of the target, for the apply bound at most.
    pub(super) fn read_pid_file(&mut self) {
        let begin = self.recorder.now();
        let deadline = Instant::now() + self.apply_bound();
        let look = loop {
            let look = self.look_at_pid_file(begin);
            if look.is_true() || Instant::now() >= deadline || self.over() {
                break look;
            }
            std::thread::sleep(LOOK);
        };
        self.recorder.record(Event::PidFile(look));
    }

    /// Has the process that it names stop, and reads it once that has happened, or could have.
    pub(super) fn stop_by_pid_file(&mut self) {
        self.settle();
        let begin = self.recorder.now();
        let before = self.look_at_pid_file(begin);
        let Some(running) = &self.running else { return };
        let named = before.said.as_deref().and_then(number);
        let Some(pid) = named.filter(|_| before.is_true()) else {
            self.recorder.record(Event::PidFile(before));
            return;
        };
        running
            .process
            .ask_one_to_stop(pid, self.target.graceful_signal());
        let deadline = Instant::now() + Duration::from_millis(self.target.facts().stop_within_ms);
        while running.process.exited().is_none()
            && Instant::now() < deadline
            && !self.options.cancel.is_cancelled()
        {
            std::thread::sleep(LOOK);
        }
        let ended = running.process.exited().is_some();
        let after = self.look_at_pid_file(begin);
        self.recorder.record(Event::PidFile(PidFileLook {
            ended: Some(ended),
            ..after
        }));
        if !ended {
            // Whoever was asked was the wrong one.
            running.process.insist(self.target.stop_signal());
        }
    }

    fn look_at_pid_file(&self, begin: Nanos) -> PidFileLook {
        let running = self.running.as_ref();
        let path = running.and_then(|running| self.target.pid_file(&running.laid.place));
        let said = path.and_then(|path| fs::read(path).ok());
        let said: Option<String> =
            said.map(|bytes| String::from_utf8_lossy(&bytes).chars().take(KEPT).collect());
        let whose = said.as_deref().and_then(number).map(|pid| self.whose(pid));
        PidFileLook {
            begin,
            at: self.recorder.now(),
            said,
            whose,
            ended: None,
        }
    }

    fn whose(&self, pid: u32) -> Whose {
        let Some(running) = &self.running else {
            return Whose::Nobody;
        };
        let members = running.process.members();
        if members.iter().any(|member| member.pid == pid) {
            return if pid == running.process.pid() {
                Whose::Started
            } else {
                Whose::Another
            };
        }
        // A process that has ended and is not yet reaped can be signalled still.
        match kill(Pid::from_raw(pid.cast_signed()), None) {
            Err(Errno::ESRCH) => Whose::Nobody,
            _ if pid == running.process.pid() => Whose::Nobody,
            _ => Whose::Stranger,
        }
    }
}

/// The number that a PID file holds.
fn number(said: &str) -> Option<u32> {
    said.trim().parse().ok().filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_stands_alone() {
        assert_eq!(number("17\n"), Some(17));
        for text in ["", "\n", "0", "-1", "17 18", "17x"] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }
}
