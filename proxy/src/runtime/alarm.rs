//! A timer for what nearly never happens: it is set once and left to run, while what it guards comes and goes.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set anew only where it would be too late.
#[derive(Debug)]
pub(super) struct Alarm(Pin<Box<Sleep>>);

// === impl Alarm ===

impl Alarm {
    pub(super) fn new(until: Instant) -> Self {
        Self(Box::pin(sleep_until(until)))
    }

    /// Waits until a moment. If it was set for an earlier one, whoever waits has a turn then for nothing, and it is set for this one.
    pub(super) async fn wait(&mut self, until: Instant) {
        loop {
            if self.0.deadline() > until || self.0.is_elapsed() {
                self.0.as_mut().reset(until);
            }
            self.0.as_mut().await;
            if Instant::now() >= until {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_it_was_set_for_before_changes_no_moment() {
        let began = Instant::now();
        let after = |millis| began + Duration::from_millis(millis);
        let mut alarm = Alarm::new(after(20));
        // One who did not wait to the end.
        tokio::select! {
            biased;
            () = alarm.wait(after(20)) => panic!("too early"),
            () = std::future::ready(()) => {}
        }
        for millis in [40, 45, 60, 10] {
            alarm.wait(after(millis)).await;
            assert!(Instant::now() >= after(millis), "{millis} ms");
        }
        alarm.wait(after(3_600_000).min(after(80))).await;
        let mut late = Alarm::new(after(3_600_000));
        late.wait(after(100)).await;
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}
