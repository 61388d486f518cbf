//! Telling a target in other ways than its usual one.

use super::error::DriveError;
use super::script::Driver;
use crate::vocabulary::{Step, TriggerTrait};

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
}
