//! What the driver waits for: a named condition, always with a deadline, or a stated time of observation.

use std::time::{Duration, Instant};

use regex::Regex;

use super::script::{Driver, Flow};
use super::traffic::client_of;
use crate::vocabulary::{Condition, Event};

impl Driver<'_> {
    /// Waits for a condition since `begin`, for the apply bound at most.
    pub(super) fn wait_for(&mut self, condition: Condition, begin: u64) -> bool {
        let waited_since = self.recorder.now();
        let bound = Duration::from_millis(self.target.facts().apply_bound_ms);
        let deadline = Instant::now() + bound;
        let drained = self.target.facts().drained_within_ms();
        let log = &self.target.facts().log;
        let line = |pattern: &Option<String>| {
            let pattern = pattern.as_deref().and_then(|text| Regex::new(text).ok());
            move |event: &Event| match event {
                Event::Log { at, source, line } => {
                    *at >= begin
                        && log.is_in(source)
                        && pattern.as_ref().is_some_and(|pattern| pattern.is_match(line))
                }
                _ => false,
            }
        };
        let met = match condition {
            Condition::Effect => self.probe(deadline),
            Condition::Rejection => self.wait_for_event(deadline, line(&log.rejected)),
            Condition::MissingRecord => self.wait_for_event(deadline, line(&log.missing)),
            Condition::SuccessRecord if log.applied.is_none() => false,
            Condition::KeptFollow => {
                let drained = Duration::from_millis(drained.unwrap_or(0));
                self.wait_until_kept_follow(Instant::now() + drained)
            }
            Condition::SuccessRecord => self.wait_for_event(deadline, line(&log.applied)),
        };
        let at = self.recorder.now();
        self.recorder.record(Event::Waited {
            begin: waited_since,
            at,
            condition,
            met,
        });
        met
    }

    fn wait_until_kept_follow(&self, deadline: Instant) -> bool {
        let wanted = self.generation;
        let followed = || self.recorder.have_followed(wanted);
        let mark = self.recorder.mark();
        self.recorder
            .wait_for(mark, deadline, || followed() || self.over(), |_| false);
        followed()
    }

    fn wait_for_event(&self, deadline: Instant, satisfies: impl Fn(&Event) -> bool) -> bool {
        self.recorder.wait_for(0, deadline, || self.over(), satisfies)
    }

    /// Probes until the newest generation answers.
    pub(super) fn probe(&self, deadline: Instant) -> bool {
        let Some(running) = &self.running else {
            return false;
        };
        let client = client_of(&self.recorder, running.laid.place.listen);
        let wanted = self.generation;
        let mark = self.recorder.mark();
        let probe = self.traffic.probe(&client, wanted, deadline);
        // A little longer than the probe itself, whose last request may end after the deadline.
        let patience = deadline + Duration::from_secs(3);
        let is_it = |event: &Event| match event {
            Event::Request(request) => {
                request.is_fresh() && request.generation().is_some_and(|g| g >= wanted)
            }
            _ => false,
        };
        self.recorder
            .wait_for(mark, patience, || probe.is_over() || self.over(), is_it)
    }

    /// Observes for a time.
    pub(super) fn watch(&mut self, time: Duration) -> Flow {
        let deadline = Instant::now() + time;
        let mark = self.recorder.mark();
        self.recorder
            .wait_for(mark, deadline, || self.options.cancel.is_cancelled(), |_| false);
        Flow::Continue(())
    }

    /// Whether there is nothing more to wait for.
    pub(super) fn over(&self) -> bool {
        self.options.cancel.is_cancelled()
            || self
                .running
                .as_ref()
                .is_none_or(|running| running.process.exited().is_some())
    }
}
