//! The end of a life, and the log of all of it.

use super::*;

impl Paper {
    pub(super) fn end(&mut self) {
        if self.life.is_none() {
            return;
        }
        self.end_load();
        self.release();
        // One that the harness itself cuts.
        let (begin, at) = (self.now - MS / 2, self.now + MS / 2);
        self.request(Purpose::Probe, begin, at, Outcome::Reset { phase: Phase::Head });
        if !self.life().is_asked {
            self.events.push(Event::StopAsked { at: self.now });
        }
        self.request(Purpose::Probe, at, at + MS, Outcome::Refused);
        if self.life().stops {
            self.events.push(Event::Stopped {
                at: self.now + 10 * MS,
                status: "exit status 0".into(),
            });
        }
        // One that ends when the next process runs already.
        let over = self.now + 15 * MS;
        self.request(
            Purpose::Probe,
            begin,
            over,
            Outcome::TimedOut { phase: Phase::Head },
        );
        self.life = None;
        self.now += 12 * MS;
    }

    pub(super) fn log(&mut self, at: Nanos, line: &str) {
        let (source, line) = ("stderr".into(), line.into());
        self.events.push(Event::Log { at, source, line });
    }
}
