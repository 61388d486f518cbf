//! What the driver waits for: a named condition, always with a deadline, or a stated time of observation.

use std::time::{Duration, Instant};

use regex::Regex;

use super::script::{Driver, Flow};
use super::traffic::{HeldOpen, Wanted, client_to};
use crate::vocabulary::{Condition, Event};

impl Driver<'_> {
    /// Within which a change must be effective.
    pub(super) fn apply_bound(&self) -> Duration {
        Duration::from_millis(self.target.facts().apply_bound_ms)
    }

    /// Waits for a condition since `begin`, for the apply bound at most.
    pub(super) fn wait_for(&mut self, condition: Condition, begin: u64) -> bool {
        self.wait_within(condition, begin, self.apply_bound())
    }

    /// As [`Self::wait_for`], for so long at most.
    pub(super) fn wait_within(&mut self, condition: Condition, begin: u64, bound: Duration) -> bool {
        let waited_since = self.recorder.now();
        let deadline = Instant::now() + bound;
        let drained = self.target.facts().drained_within_ms();
        let log = &self.target.facts().log;

        let met = match condition {
            Condition::Effect => self.probe(Wanted::Answer(self.generation), deadline),
            Condition::Restored => self.probe(Wanted::This(self.serving()), deadline),
            Condition::Refusal => self.probe(Wanted::Refusal, deadline),
            Condition::Rejection => {
                self.wait_for_event(deadline, self.line_since(log.rejected.as_ref(), begin))
            }
            Condition::MissingRecord => {
                self.wait_for_event(deadline, self.line_since(log.missing.as_ref(), begin))
            }
            Condition::SuccessRecord if log.applied.is_none() => false,
            Condition::ManagerReady => self.wait_for_event(deadline, |event: &Event| {
                matches!(event, Event::Notified(notice) if notice.is_ready() && notice.at >= begin)
            }),
            Condition::LeafShown => {
                let wanted = self.leaf();
                self.wait_for_event(deadline, |event: &Event| {
                    matches!(event, Event::Handshake(handshake) if handshake.leaf() >= Some(wanted))
                })
            }
            Condition::Checked => self.wait_until_checked(Instant::now() + self.noticed_within()),
            Condition::Shunned => self.wait_until_shunned(Instant::now() + self.noticed_within()),
            Condition::KeptFollow => {
                let drained = Duration::from_millis(drained.unwrap_or(0));
                self.wait_until_kept_follow(Instant::now() + drained)
            }
            Condition::HeldEnded => {
                let drain = Duration::from_millis(u64::from(self.layout.drain_ms));
                self.wait_until_held_ended(deadline + drain)
            }
            Condition::SuccessRecord => {
                self.wait_for_event(deadline, self.line_since(log.applied.as_ref(), begin))
            }
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

    /// Whether an event is a line of the target's records that matches, read since `begin`.
    fn line_since(&self, pattern: Option<&String>, begin: u64) -> impl Fn(&Event) -> bool + use<'_> {
        let log = &self.target.facts().log;
        let pattern = pattern.and_then(|text| Regex::new(text).ok());
        move |event: &Event| match event {
            Event::Log { at, source, line } => {
                *at >= begin
                    && log.is_in(source)
                    && pattern.as_ref().is_some_and(|pattern| pattern.is_match(line))
            }
            _ => false,
        }
    }

    /// Whether an event is a record of a rejection, read since `begin`.
    pub(super) fn rejects_since(&self, begin: u64) -> impl Fn(&Event) -> bool {
        self.line_since(self.target.facts().log.rejected.as_ref(), begin)
    }

    fn wait_until_kept_follow(&self, deadline: Instant) -> bool {
        let wanted = self.generation;
        let followed = || self.recorder.have_followed(wanted);
        let mark = self.recorder.mark();
        self.recorder
            .wait_for(mark, deadline, || followed() || self.over(), |_| false);
        followed()
    }

    fn wait_until_held_ended(&self, deadline: Instant) -> bool {
        let ended = || self.held.iter().all(HeldOpen::is_over);
        let mark = self.recorder.mark();
        self.recorder
            .wait_for(mark, deadline, || ended() || self.over(), |_| false);
        ended()
    }

    fn wait_for_event(&self, deadline: Instant, satisfies: impl Fn(&Event) -> bool) -> bool {
        self.recorder.wait_for(0, deadline, || self.over(), satisfies)
    }

    /// Probes until it gets what is wanted.
    pub(super) fn probe(&self, wanted: Wanted, deadline: Instant) -> bool {
        let Some(running) = &self.running else {
            return false;
        };
        let client = client_to(&self.recorder, &running.laid.place, self.to);
        let to = self.to;
        let mark = self.recorder.mark();
        let probe = self.traffic.probe(&client, wanted, deadline);
        // A little longer than the probe itself, whose last request may end after the deadline.
        let patience = deadline + Duration::from_secs(3);
        let is_it = |event: &Event| match event {
            Event::Request(request) => {
                let is_there = request.listener == to.listener && request.route == to.route;
                is_there && request.is_fresh() && wanted.is_met_by(request)
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
