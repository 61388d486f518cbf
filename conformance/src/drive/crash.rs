//! The end of workers. In: the processes that run. Out: which were killed, and what was answered thereafter. Never: the end of the
//! process that was started.

use std::time::{Duration, Instant};

use super::script::{Driver, Flow};
use super::traffic::Wanted;
use crate::vocabulary::Event;

impl Driver<'_> {
    /// Kills all processes but the one that was started, and waits until the newest generation is served again.
    pub(super) fn kill_workers(&mut self) -> Flow {
        self.settle();
        let Some(running) = &self.running else {
            return Flow::Continue(());
        };
        let pids = running.process.kill_workers();
        let at = self.recorder.now();
        let any = !pids.is_empty();
        self.recorder.record(Event::WorkersKilled { at, pids });
        let within = Duration::from_millis(self.target.facts().ready_within_ms);
        if any && !self.probe(Wanted::Answer(self.generation), Instant::now() + within) {
            return self.abandon(&format!("{} was not served again", self.generation));
        }
        Flow::Continue(())
    }
}
