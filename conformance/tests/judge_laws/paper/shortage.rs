//! Shortages, and workers that die, as a sound target takes them.

use reloadspec::vocabulary::{Event, Nanos, Prospect};

use super::{MS, Paper};

impl Paper {
    pub(super) fn kill_workers(&mut self) {
        let pids = vec![8, 9];
        self.events.push(Event::WorkersKilled { at: self.now, pids });
        self.now += 10 * MS;
        // Whoever serves now began with the newest, so that nothing older is mixed into it.
        let (now, generation) = (self.now, self.generation);
        self.life().served.push((now, Some(generation)));
        self.probe();
        self.now += MS;
    }

    /// Every other target on paper applies what came meanwhile once it can, and the others refuse it.
    pub(super) fn change_without_descriptors(&mut self, time: Nanos) {
        let until = self.now + time;
        self.descriptors(false);
        self.prospect = Prospect::Open;
        self.write(None);
        self.prospect = Prospect::Good;
        if self.traits.acknowledges() {
            self.trigger(self.now + MS, true);
        }
        self.now = self.now.max(until);
        self.descriptors(true);
        if self.traits.seed.is_multiple_of(2) {
            let (effective, generation) = (self.now + 50 * MS, self.generation);
            self.life().served.push((effective, Some(generation)));
        }
        self.now += MS;
    }

    fn descriptors(&mut self, are_there: bool) {
        self.events.push(Event::Descriptors {
            at: self.now,
            are_there,
            failed: None,
        });
    }
}
