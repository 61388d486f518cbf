//! Changes whose effect is waited for. In: how many, and for how long. Out: the files and the wait, in the recorder. Never: a second try.

use std::time::Duration;

use super::error::DriveError;
use super::script::{Driver, Flow};
use crate::vocabulary::{Condition, Event};

impl Driver<'_> {
    /// Delivers the next generation, triggers, and waits for its effect.
    pub(super) fn change(&mut self, within: Duration) -> Result<Flow, DriveError> {
        self.settle();
        let begin = self.deliver(None)?;
        self.pull()?;
        Ok(self.await_effect_within(begin, within))
    }

    /// Delivers so many generations, one trigger each, and waits for the effect of the last.
    pub(super) fn burst(&mut self, changes: u32) -> Result<Flow, DriveError> {
        let mut begin = self.recorder.now();
        for _ in 0..changes {
            if self.options.cancel.is_cancelled() {
                return Err(DriveError::Cancelled);
            }
            begin = self.deliver(None)?;
            self.pull()?;
        }
        Ok(self.await_effect(begin))
    }

    /// Waits for the effect of what was delivered last, for the apply bound at most.
    pub(super) fn await_effect(&mut self, begin: u64) -> Flow {
        self.await_effect_within(begin, self.apply_bound())
    }

    fn await_effect_within(&mut self, begin: u64, within: Duration) -> Flow {
        if self.wait_within(Condition::Effect, begin, within) {
            return Flow::Continue(());
        }
        self.abandon(&format!("{} did not take effect", self.generation))
    }

    /// Gives up the rest of the steps for this process.
    pub(super) fn abandon(&self, why: &str) -> Flow {
        self.recorder.record(Event::Abandoned {
            at: self.recorder.now(),
            why: why.to_owned(),
        });
        Flow::Break(())
    }
}
