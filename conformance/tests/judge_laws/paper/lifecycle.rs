//! What the target on paper tells those around it of its life: the service manager, and whoever reads its PID file.

use reloadspec::vocabulary::{Condition, Event, Nanos, Notice, PidFileLook, Whose};

use super::{MS, Paper};

/// What the clock of the protocol showed when all histories begin, in microseconds.
const CLOCK_US: u64 = 5_000_000_000;

impl Paper {
    pub(super) fn start_managed(&mut self) {
        self.start(self.delivery);
        self.life().is_managed = true;
        let at = self.life().began + 22 * MS;
        self.tell(at, "READY=1\nSTATUS=fine".to_owned());
    }

    /// A reload that somebody asked for at a time, and that is over at another.
    pub(super) fn tell_of_reload(&mut self, begin: Nanos, done: Nanos) {
        let time = CLOCK_US + (begin + MS / 50) / 1_000;
        self.tell(begin + MS / 20, format!("RELOADING=1\nMONOTONIC_USEC={time}"));
        self.tell(begin.max(done) + MS / 5, "READY=1".to_owned());
    }

    fn tell(&mut self, at: Nanos, message: String) {
        self.notices += 1;
        if self.traits.unsaid == Some(self.notices - 1) {
            return;
        }
        self.events.push(Event::Notified(Notice {
            at,
            clock_us: CLOCK_US + at / 1_000,
            message,
        }));
    }

    pub(super) fn await_manager(&mut self) {
        let begin = self.now;
        let since = self.events.iter().rev().find_map(|event| match event {
            Event::Config(write) => Some(write.begin),
            Event::Started { at, .. } => Some(*at),
            _ => None,
        });
        let ready = self.events.iter().find_map(|event| match event {
            Event::Notified(notice) if notice.is_ready() && Some(notice.at) >= since => Some(notice.at),
            _ => None,
        });
        self.now = match ready {
            Some(ready) => self.now.max(ready) + MS / 10,
            None => self.now + self.traits.bound_ms * MS,
        };
        self.events.push(Event::Waited {
            begin,
            at: self.now,
            condition: Condition::ManagerReady,
            met: ready.is_some(),
        });
    }

    pub(super) fn read_pid_file(&mut self) {
        let begin = self.now;
        self.now += MS;
        self.events.push(Event::PidFile(PidFileLook {
            begin,
            at: self.now,
            said: Some("7\n".to_owned()),
            whose: Some(Whose::Started),
            ended: None,
        }));
        self.now += MS;
    }

    pub(super) fn stop_by_pid_file(&mut self) {
        let begin = self.now;
        self.events.push(Event::StopAsked { at: begin });
        self.life().is_asked = true;
        self.now += 10 * MS;
        self.events.push(Event::PidFile(PidFileLook {
            begin,
            at: self.now,
            said: None,
            whose: None,
            ended: Some(true),
        }));
    }
}
