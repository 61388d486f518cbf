//! The one thread that decides: it hears hints, signals and requests of the library's caller, and does one reload at a time.
//!
//! In: messages. Out: outcomes, each with its record in the log. It is the only owner of the [`Reloader`], so reloads cannot overlap, and
//! parsing never takes time from a worker.

mod signals;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

pub use signals::Signals;

use crate::reload::{Candidate, Outcome, Reloader};
use crate::source::{Hint, ReadError, Sight, Source};

/// What the supervisor can be told.
#[derive(Debug)]
pub(crate) enum Message {
    /// The file may have changed.
    Hint(Hint),
    /// Reload now; the answer is wanted if there is a sender.
    Reload(Option<Sender<Arc<Outcome>>>),
    /// Tell every outcome to this one too.
    Subscribe(Sender<Arc<Outcome>>),
    /// End.
    Stop,
}

/// Owner of the source and the reloader.
#[derive(Debug)]
pub(crate) struct Supervisor {
    source: Source,
    reloader: Reloader,
    messages: Receiver<Message>,
    subscribers: Vec<Sender<Arc<Outcome>>>,
    stopping: bool,
}

/// How long a writer has to show that a content that was refused is not its last word.
const SECOND_THOUGHT: Duration = Duration::from_millis(20);

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot serve.
    #[error("{0}")]
    Rejected(crate::reload::Rejection),
    /// The operating system refuses a thread.
    #[error("failed to start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

// === impl Supervisor ===

impl Supervisor {
    /// Boots: the first reload, from nothing.
    pub(crate) fn boot(
        path: &Path,
        mut reloader: Reloader,
        hints: Sender<Message>,
        messages: Receiver<Message>,
    ) -> Result<Self, StartError> {
        let hint = move |hint| {
            // Nobody listens any more when the process is about to end.
            let _ = hints.send(Message::Hint(hint));
        };
        let (source, candidate) = Source::open(path, hint)?;
        let outcome = reloader.reload(&candidate);
        if let Outcome::Rejected { rejection, .. } = outcome {
            return Err(StartError::Rejected(rejection));
        }
        for (listener, address) in reloader.addresses() {
            tracing::info!(%listener, %address, "listening");
        }
        outcome.record(&candidate.name);
        Ok(Self {
            source,
            reloader,
            messages,
            subscribers: Vec::new(),
            stopping: false,
        })
    }

    pub(crate) fn reloader(&self) -> &Reloader {
        &self.reloader
    }

    /// Serves until told to stop, then drains.
    pub(crate) fn run(mut self) {
        while !self.stopping {
            self.hear(self.source.next_look());
            self.look();
            self.reloader.drain();
        }
        tracing::info!("stopping");
        self.reloader.stop();
        tracing::info!("stopped");
    }

    /// Waits for messages until `deadline`, and takes all that are there once there is one.
    fn hear(&mut self, deadline: Instant) {
        let patience = deadline.saturating_duration_since(Instant::now());
        let mut next = match self.messages.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            // Everyone who could ever say something is gone, the one who could say stop too.
            Err(RecvTimeoutError::Disconnected) => Some(Message::Stop),
        };
        while let Some(message) = next {
            match message {
                Message::Hint(hint) => self.source.hint(&hint),
                Message::Reload(answer) => self.reload_now(answer),
                Message::Subscribe(subscriber) => self.subscribers.push(subscriber),
                Message::Stop => self.stopping = true,
            }
            next = self.messages.try_recv().ok();
        }
    }

    fn look(&mut self) {
        let before = self.source.seen();
        match self.source.look() {
            Sight::Same => {}
            Sight::New { candidate, in_place } => {
                let outcome = self.reloader.reload(&candidate);
                if in_place && matches!(outcome, Outcome::Rejected { .. }) && self.writer_goes_on() {
                    self.source.forget(before);
                    return;
                }
                self.tell(&candidate, outcome);
            }
            Sight::Gone(error) => self.tell_gone(&error),
            Sight::Back => {
                let revision = self.reloader.revision();
                let path = self.source.path().display();
                tracing::info!(%path, revision, "configuration readable again, content as before");
            }
        }
    }

    /// Whether somebody writes on, so that what was read was not meant to be read.
    fn writer_goes_on(&mut self) -> bool {
        let deadline = Instant::now() + SECOND_THOUGHT;
        while Instant::now() < deadline && !self.source.is_unsettled() && !self.stopping {
            self.hear(deadline);
        }
        self.source.is_unsettled()
    }

    fn reload_now(&mut self, answer: Option<Sender<Arc<Outcome>>>) {
        match self.source.read_now() {
            Sight::New { candidate, .. } => {
                let outcome = self.reloader.reload(&candidate);
                let outcome = self.tell(&candidate, outcome);
                if let Some(answer) = answer {
                    // The one who asked may have gone.
                    let _ = answer.send(outcome);
                }
            }
            Sight::Gone(error) => self.tell_gone(&error),
            Sight::Same | Sight::Back => {}
        }
    }

    fn tell_gone(&self, error: &ReadError) {
        let revision = self.reloader.revision();
        let path = self.source.path().display();
        tracing::warn!(%path, revision, "configuration unreadable: {error}; still serving revision {revision}");
    }

    fn tell(&mut self, candidate: &Candidate, outcome: Outcome) -> Arc<Outcome> {
        outcome.record(&candidate.name);
        let outcome = Arc::new(outcome);
        self.subscribers
            .retain(|subscriber| subscriber.send(Arc::clone(&outcome)).is_ok());
        outcome
    }
}
