//! What is done to the config file besides the delivery of another generation.

use std::time::{Duration, Instant};

use super::error::DriveError;
use super::exchange;
use super::script::{Driver, Flow};
use crate::vocabulary::{Event, Meddling};

/// For how long past the apply bound changes go on that never pause.
const PAST_THE_BOUND: Duration = Duration::from_millis(500);

impl Driver<'_> {
    /// Removes the file.
    pub(super) fn delete(&mut self) -> Result<(), DriveError> {
        self.settle();
        if let Some(running) = &self.running {
            let begin = self.recorder.now();
            running.laid.file.remove()?;
            self.recorder.record(Event::Deleted {
                begin,
                at: self.recorder.now(),
            });
        }
        self.pull()?;
        Ok(())
    }

    /// Delivers one generation after the other, for longer than a change may take.
    pub(super) fn churn(&mut self, pause: Duration) -> Result<Flow, DriveError> {
        let bound = Duration::from_millis(self.target.facts().apply_bound_ms);
        let mut until = None;
        loop {
            if self.options.cancel.is_cancelled() {
                return Err(DriveError::Cancelled);
            }
            // The last one begins past the bound, however long the one before took.
            let is_last = until.is_some_and(|until| Instant::now() >= until);
            self.deliver(None)?;
            self.pull()?;
            // The bound runs from when the first one was told.
            until = until.or_else(|| Some(Instant::now() + bound + PAST_THE_BOUND));
            if is_last {
                break;
            }
            // That the process ended meanwhile is told by what is done next.
            let _ = self.watch(pause);
        }
        Ok(Flow::Continue(()))
    }

    /// Does something else to it.
    pub(super) fn meddle(&mut self, with: Meddling) -> Result<(), DriveError> {
        self.settle();
        if let Some(running) = &mut self.running {
            let begin = self.recorder.now();
            running.laid.file.meddle(with, &running.laid.content)?;
            self.recorder.record(Event::Meddled {
                begin,
                at: self.recorder.now(),
                with,
            });
        }
        let patience = if with.is_in_the_way() {
            // A command that waits for what never comes needs no more time than any change may take.
            Duration::from_millis(self.target.facts().apply_bound_ms)
        } else {
            exchange::TIMEOUT
        };
        self.pull_within(patience)?;
        Ok(())
    }
}
