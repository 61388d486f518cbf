//! Shortages, workers that die, and what is held, as a sound target takes them.

use reloadspec::vocabulary::{Event, Nanos, Prospect, Resources};

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

    /// It is held for a third of a second, and told of nothing but of that.
    pub(super) fn change_in_overflow(&mut self) {
        let begin = self.now;
        self.now += 300 * MS;
        self.write(None);
        let (at, index) = (self.now, self.changes);
        self.events.push(Event::Flooded {
            begin,
            at,
            renamed: 17_408,
            watches: Some(1),
            failed: None,
        });
        let late = self.traits.late.filter(|(late, ..)| *late == index);
        self.changes += 1;
        let effective = match late {
            Some((_, ms, _)) => at + ms * MS,
            None => self.effective(),
        };
        let generation = self.generation;
        self.life().served.push((effective, Some(generation)));
        self.record(effective);
        while self.now < effective {
            self.now += 5 * MS;
            self.probe();
        }
    }

    /// Holds about as much as ever.
    pub(super) fn sample(&mut self) {
        self.now += 400 * MS;
        let held = Resources {
            processes: 3,
            threads: 8,
            descriptors: 40 + self.below(10),
            memory_kib: 50_000 + self.below(9_000),
            peak_kib: 80_000 + self.below(9_000),
        };
        self.events.push(Event::Resources { at: self.now, held });
    }

    /// It looks at its file again and again, and says so.
    pub(super) fn start_without_watches(&mut self) {
        self.start(self.delivery);
        let began = self.life().began;
        self.events.push(Event::WatchesWithheld {
            at: began,
            failed: None,
        });
        self.log(
            began + 2 * MS,
            "WARN cannot watch conf: No space left on device; polling instead",
        );
    }

    /// Counts as many as it was given.
    pub(super) fn count_watches(&mut self) {
        let (at, began) = (self.now, self.life().began);
        let is_without = |event: &Event| matches!(event, Event::WatchesWithheld { at, .. } if *at >= began);
        let count = Some(u64::from(!self.events.iter().any(is_without)));
        self.events.push(Event::Watches { at, count });
    }

    fn descriptors(&mut self, are_there: bool) {
        self.events.push(Event::Descriptors {
            at: self.now,
            are_there,
            failed: None,
        });
    }
}
