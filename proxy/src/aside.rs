//! A thread beside those that serve, with a runtime of its own, that follows changes: checks of health, lookups of names, orders of certificates.
//!
//! In: what it is told at each commit. Out: whatever its work does. Dropped, it is told nothing more, and waited for.

use std::fmt;
use std::io;
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::reload::Refused;

/// The thread, and how it is told of a change.
pub(crate) struct Aside<T> {
    name: &'static str,
    /// Both are there until the end.
    running: Option<(UnboundedSender<T>, JoinHandle<()>)>,
}

/// Nobody is there any more to be told.
#[derive(Debug, thiserror::Error)]
#[error("the thread `{0}` has ended")]
struct Ended(&'static str);

// === impl Aside ===

impl<T: Send + 'static> Aside<T> {
    /// Begins to work, until there are no more changes.
    pub(crate) fn start<W: Future<Output = ()>>(
        name: &'static str,
        work: impl FnOnce(UnboundedReceiver<T>) -> W + Send + 'static,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (changes, changed) = mpsc::unbounded_channel();
        let run = move || {
            runtime.block_on(work(changed));
            // Whoever resolves a name cannot be told to stop.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self {
            name,
            running: Some((changes, thread)),
        })
    }

    /// Tells of a change.
    pub(crate) fn tell(&self, change: T) -> Result<(), Refused> {
        let told = self.running.as_ref().map(|(changes, _)| changes.send(change));
        match told {
            Some(Ok(())) => Ok(()),
            _ => Err(Ended(self.name).into()),
        }
    }
}

impl<T> fmt::Debug for Aside<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aside")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<T> Drop for Aside<T> {
    fn drop(&mut self) {
        let Some((changes, thread)) = self.running.take() else {
            return;
        };
        drop(changes);
        if thread.join().is_err() {
            tracing::error!(thread = self.name, "a thread beside those that serve panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as std_mpsc;

    use super::*;

    #[test]
    fn it_hears_every_change_and_ends_when_it_is_dropped() {
        let (sender, heard) = std_mpsc::channel();
        let aside = Aside::start("test", move |mut changes: UnboundedReceiver<u8>| async move {
            while let Some(change) = changes.recv().await {
                sender.send(change).expect("somebody listens");
            }
        });
        let aside = aside.expect("a thread");
        for change in 0..3 {
            aside.tell(change).expect("it is there");
        }
        drop(aside);
        // Its end of the channel is gone with it.
        assert_eq!(heard.iter().collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn one_that_has_ended_is_named() {
        let aside = Aside::<()>::start("test", |changes| async move { drop(changes) }).expect("a thread");
        let error = loop {
            if let Err(error) = aside.tell(()) {
                break error.to_string();
            }
            thread::yield_now();
        };
        assert_eq!(error, "the thread `test` has ended");
    }
}
