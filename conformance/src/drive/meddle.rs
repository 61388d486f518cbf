//! What is done to the config file besides the delivery of another generation.

use std::time::Duration;

use super::error::DriveError;
use super::exchange;
use super::script::Driver;
use crate::vocabulary::{Event, Meddling};

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
