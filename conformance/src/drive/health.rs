//! Origins whose health the target checks: whether they pass, and what shows that it took notice.
//!
//! In: whether one is to pass. Out: that, in the recorder, and whether requests still come to it. Never: an opinion on them.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::script::Driver;
use crate::vocabulary::{Event, Layout, Nanos};

/// How long no request has come to an origin that is shunned.
const SHUNNED: Duration = Duration::from_millis(400);

impl Driver<'_> {
    /// Has the first of the origins that are checked pass its checks from now on, or fail them.
    pub(super) fn set_fitness(&self, is_fit: bool) {
        let origins = self.target.facts().origins;
        self.origins.set_fitness(origins + 1, is_fit);
        self.recorder.record(Event::Fitness {
            at: self.recorder.now(),
            origin: Layout::member_name(0, origins),
            is_fit,
        });
    }

    /// Within which the target has to take notice.
    pub(super) fn noticed_within(&self) -> Duration {
        let health = self.target.facts().health.unwrap_or_default();
        Duration::from_millis(health.noticed_within_ms)
    }

    /// Waits until each origin that is checked was checked.
    pub(super) fn wait_until_checked(&self, deadline: Instant) -> bool {
        let origins = self.target.facts().origins;
        (0..Layout::MEMBERS).all(|member| {
            let name = Layout::member_name(member, origins);
            let is_it =
                |event: &Event| matches!(event, Event::Arrival(seen) if seen.is_check && seen.origin == name);
            self.recorder.wait_for(0, deadline, || self.over(), is_it)
        })
    }

    /// Waits until no request comes any more to the origin that fails its checks, while requests come to others.
    pub(super) fn wait_until_shunned(&self, deadline: Instant) -> bool {
        let origins = self.target.facts().origins;
        let sick = Layout::member_name(0, origins);
        let last: Cell<Nanos> = Cell::new(self.recorder.now());
        let since = last.get();
        let quiet = || self.recorder.now().saturating_sub(last.get()) >= SHUNNED.as_nanos() as Nanos;
        let mark = self.recorder.mark();
        let look = |event: &Event| {
            let Event::Arrival(seen) = event else { return false };
            if seen.request.is_none() || seen.at < since {
                return false;
            }
            if seen.origin == sick {
                last.set(seen.at.max(last.get()));
                return false;
            }
            // Somebody else got one, and it has not for a while.
            seen.at.saturating_sub(last.get()) >= SHUNNED.as_nanos() as Nanos
        };
        self.recorder.wait_for(mark, deadline, || self.over(), look) && quiet()
    }
}
