//! Telling a target in other ways than its usual one, at other times than usual, or in all ways at once.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::error::DriveError;
use super::script::{Driver, Flow, Running};
use super::trigger::{self, Pull};
use super::{Cancel, exchange, socket};
use crate::target::Trigger;
use crate::vocabulary::{Delivery, Event, Nanos, Step, TriggerKind, TriggerTrait};

/// The pause between two looks for a sign of life.
const LOOK: Duration = Duration::from_micros(200);
/// How long a target may take to hear what it is told of changes by.
const HEARING: Duration = Duration::from_secs(2);

impl Driver<'_> {
    /// The steps, once for each trigger of a kind, by which alone the target is told.
    pub(super) fn for_each_trigger(&mut self, that: TriggerTrait, steps: &[Step]) -> Result<(), DriveError> {
        for kind in self.target.facts().triggers(that) {
            self.by = (kind != self.target.facts().trigger).then_some(kind);
            // What a target makes of one trigger is not held against the next.
            let _ = self.steps(steps)?;
        }
        self.by = None;
        Ok(())
    }

    /// Starts a process, and tells it by its signal so long after its first sign of life.
    pub(super) fn start_told(&mut self, delivery: Delivery, after: Duration) -> Result<Flow, DriveError> {
        let begun = self.launch(delivery)?;
        let within = Duration::from_millis(self.target.facts().ready_within_ms);
        self.await_sign_of_life(self.recorder.time_of(begun), begun + within)?;
        thread::sleep(after);
        self.pull()?;
        self.until_ready(begun, self.generation)
    }

    /// Waits until there is something to be seen of the process: a line of its log, or that it catches its signal.
    fn await_sign_of_life(&self, since: Nanos, deadline: Instant) -> Result<(), DriveError> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let Trigger::Signal(signal) = self.target.trigger_by(self.by, &running.laid.place)? else {
            return Ok(());
        };
        let is_line = |event: &Event| matches!(event, Event::Log { at, .. } if *at >= since);
        while Instant::now() < deadline && !running.process.catches(signal) && !self.over() {
            if self
                .recorder
                .wait_for(0, Instant::now() + LOOK, || false, is_line)
            {
                break;
            }
        }
        Ok(())
    }

    /// Waits until the target catches the signal that it is to be told by, or hears at the socket. One that never does is told all the same.
    pub(super) fn await_hearing(&self) {
        let Some(running) = &self.running else { return };
        let Ok(trigger) = self.target.trigger_by(self.by, &running.laid.place) else {
            return;
        };
        let hears = || match &trigger {
            Trigger::Signal(signal) => running.process.catches(*signal),
            Trigger::Socket { at, probe, .. } => socket::hears(at, probe.as_deref(), HEARING),
            Trigger::Watch | Trigger::Command { .. } | Trigger::Http { .. } => true,
        };
        let deadline = Instant::now() + HEARING;
        while !hears() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts a process, and delivers the next generation while it starts.
    pub(super) fn start_with_change(&mut self, delivery: Delivery) -> Result<Flow, DriveError> {
        let usual = self.usual_start;
        let begun = self.launch(delivery)?;
        let first = self.generation;
        // The moment itself is what is tried.
        let moment = begun + usual.mul_f64(0.1 + spread(self.given));
        self.given += 1;
        thread::sleep(moment.saturating_duration_since(Instant::now()));
        self.deliver(None)?;
        if self.until_ready(begun, first)?.is_break() {
            return Ok(Flow::Break(()));
        }
        // It is the first start of the case that says how long one takes.
        self.usual_start = usual;
        Ok(self.await_effect(self.recorder.last_write()))
    }

    /// Changes for each of which all triggers are pulled at once.
    pub(super) fn together(&mut self, changes: u32) -> Result<Flow, DriveError> {
        let mut asking = Vec::new();
        let mut begin = self.recorder.now();
        for _ in 0..changes {
            begin = self.deliver(None)?;
            let facts = self.target.facts();
            let own = Some(facts.trigger).filter(|kind| *kind != TriggerKind::Watch);
            let kinds: Vec<_> = own
                .into_iter()
                .chain(facts.also.iter().map(|other| other.kind))
                .collect();
            for kind in kinds {
                asking.extend(self.pull_beside(kind)?);
            }
        }
        for asked in asking {
            // A panic there has been printed by its thread.
            let _ = asked.join();
        }
        Ok(self.await_effect(begin))
    }

    /// Pulls a trigger without waiting for its answer.
    fn pull_beside(&self, kind: TriggerKind) -> Result<Option<thread::JoinHandle<()>>, DriveError> {
        let Some(running) = &self.running else {
            return Ok(None);
        };
        let by = (kind != self.target.facts().trigger).then_some(kind);
        let trigger = self.target.trigger_by(by, &running.laid.place)?;
        let recorder = Arc::clone(&self.recorder);
        let begin = recorder.now();
        let record = move |answer| {
            let at = recorder.now();
            recorder.record(Event::Trigger {
                begin,
                at,
                by,
                answer,
            });
        };
        let pull = running.pull(exchange::TIMEOUT, &self.options.cancel);
        match trigger {
            Trigger::Signal(signal) => {
                record(trigger::send(signal, &running.process));
                Ok(None)
            }
            other => Ok(Some(thread::spawn(move || {
                if let Some(pulled) = pull.ask(other) {
                    record(pulled.answer);
                }
            }))),
        }
    }
}

/// Numbers from 0 to 1, each in the widest gap that those before it left: the fractions of multiples of the golden ratio.
fn spread(nth: u32) -> f64 {
    (f64::from(nth) * 0.618_033_988_75).fract()
}

impl Running {
    /// What it takes to tell it.
    pub(super) fn pull(&self, patience: Duration, cancel: &Cancel) -> Pull {
        Pull {
            binary: self.binary.clone(),
            dir: self.laid.ground.dir().to_path_buf(),
            config: self.laid.place.config.clone(),
            patience,
            cancel: cancel.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn however_many_there_are_they_leave_no_wide_gap() {
        for count in [5, 16, 30] {
            let mut all: Vec<f64> = (0..count).map(spread).collect();
            all.sort_by(f64::total_cmp);
            let widest = all.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
            assert!(widest < 2.7 / f64::from(count), "{widest} of {count}");
        }
    }
}
