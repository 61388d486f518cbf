//! What follows the configuration beside the traffic, and may have to refuse it.

use std::fmt;
use std::time::Duration;

use crate::model::Settings;

/// Something that is staged and committed together with the workers and their sockets, such as the admin listener.
pub trait Follower: fmt::Debug + Send {
    /// Prepares everything that the settings ask for and that could fail.
    fn stage(&mut self, settings: &Settings) -> Result<(), Refused>;

    /// Puts in place what was staged, and lets go of what is not wanted any more, which has `drain` to end. Cannot fail.
    fn commit(&mut self, drain: Duration);

    /// Forgets what was staged, without a trace.
    fn abandon(&mut self);

    /// Lets go of what has ended since.
    fn drain(&mut self);
}

/// Why something cannot be had.
pub type Refused = Box<dyn std::error::Error + Send + Sync>;
