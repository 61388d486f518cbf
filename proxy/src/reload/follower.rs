//! What follows the configuration beside the traffic, and may have to refuse it.

use std::fmt;
use std::time::Duration;

use super::Plan;
use super::sockets::StagedSockets;
use crate::model::Model;

/// A change that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// What serves.
    pub old: &'a Model,
    /// What is to serve.
    pub new: &'a Model,
    /// The difference.
    pub plan: &'a Plan,
    /// The sockets that listen for it.
    pub(crate) sockets: &'a StagedSockets,
}

/// Something that is staged and committed together with the workers and their sockets, such as the admin listener.
pub trait Follower: fmt::Debug + Send {
    /// How records and metrics call it: the key of the configuration that it follows, or a name of its own.
    fn name(&self) -> &'static str;

    /// Prepares everything that the change asks for and that could fail. An error refuses the whole change.
    fn stage(&mut self, change: Change<'_>) -> Result<(), Refused>;

    /// Stops using what the change gives to somebody else, before that one uses it.
    fn release(&mut self, drain: Duration) {
        let _ = drain;
    }

    /// Puts in place what was staged, and lets go of what is not wanted any more, which has `drain` to end. The change serves already: an
    /// error is reported and changes nothing.
    fn commit(&mut self, drain: Duration) -> Result<(), Refused>;

    /// Forgets what was staged, without a trace.
    fn abandon(&mut self);

    /// Lets go of what has ended since.
    fn drain(&mut self) {}
}

/// Why something cannot be had.
pub type Refused = Box<dyn std::error::Error + Send + Sync>;

/// All followers, as one. They are staged in their order; who comes later sees nothing of a change that an earlier one refuses.
#[derive(Debug, Default)]
pub(super) struct Followers(Vec<Box<dyn Follower>>);

/// What a panic of a follower amounts to.
#[derive(Debug, thiserror::Error)]
#[error("it panicked")]
struct Panicked;

// === impl Followers ===

impl Followers {
    pub(super) fn add(&mut self, follower: Box<dyn Follower>) {
        self.0.push(follower);
    }

    /// Stages all, or none: then it tells who refused.
    pub(super) fn stage(&mut self, change: Change<'_>) -> Result<(), (&'static str, Refused)> {
        for position in 0..self.0.len() {
            let follower = &mut self.0[position];
            let staged = guarded(|| follower.stage(change));
            if let Err(error) = staged {
                let name = follower.name();
                // The one that refused too: it may have begun.
                self.0[..=position]
                    .iter_mut()
                    .for_each(|follower| follower.abandon());
                return Err((name, error));
            }
        }
        Ok(())
    }

    pub(super) fn abandon(&mut self) {
        self.0.iter_mut().for_each(|follower| follower.abandon());
    }

    pub(super) fn release(&mut self, drain: Duration) {
        for follower in &mut self.0 {
            let released = guarded(|| {
                follower.release(drain);
                Ok(())
            });
            if let Err(error) = released {
                let follower = follower.name();
                tracing::error!(follower, %error, "a follower failed to let go of what is not its own any more");
            }
        }
    }

    pub(super) fn commit(&mut self, drain: Duration) {
        for follower in &mut self.0 {
            if let Err(error) = guarded(|| follower.commit(drain)) {
                let follower = follower.name();
                tracing::error!(follower, %error, "a follower failed after the change; what was applied serves");
            }
        }
    }

    pub(super) fn drain(&mut self) {
        self.0.iter_mut().for_each(|follower| follower.drain());
    }
}

/// A follower that panics has failed; it does not take the proxy with it.
fn guarded(call: impl FnOnce() -> Result<(), Refused>) -> Result<(), Refused> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Panicked.into()))
}
