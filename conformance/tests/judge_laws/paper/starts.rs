//! Starts during which something else is done: a signal, a change.

use reloadspec::vocabulary::{Event, Nanos, TriggerAnswer};

use super::{MS, Paper};

impl Paper {
    pub(super) fn start_told(&mut self, after_ms: u64) {
        self.start(self.delivery);
        let begin = self.life().began + (2 + after_ms) * MS;
        self.events.push(Event::Trigger {
            begin,
            at: begin + MS / 10,
            by: None,
            answer: TriggerAnswer::Sent,
        });
    }

    /// What was read was the file of before, so that the change is one that the watch has to find.
    pub(super) fn start_with_change(&mut self) {
        self.start(self.delivery);
        let early = self.life().began + 10 * MS;
        let ready = std::mem::replace(&mut self.now, early);
        let begin = self.write(None);
        self.now = self.now.max(ready);
        let effective = self.effective();
        let generation = self.generation;
        self.life().served.push((effective, Some(generation)));
        self.record(effective);
        self.await_effect(begin, Nanos::MAX);
    }
}
