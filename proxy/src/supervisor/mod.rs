//! The one thread that decides: it hears hints, signals and requests of the library's caller, and does one reload at a time.
//!
//! In: messages. Out: outcomes, each with its record in the log. It is the only owner of the [`Reloader`], so reloads cannot overlap, and
//! parsing never takes time from a worker.

mod signals;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

pub use signals::Signals;

use crate::lifecycle::Notifier;
use crate::log::LogControl;
use crate::metrics::Metrics;
use crate::order::{Declined, Order, Wish};
use crate::reload::{Attempt, Board, Candidate, Origin, Outcome, Rejection, Reloader, Status};
use crate::source::{Hint, ReadError, Sight, Source};

/// What the supervisor can be told.
#[derive(Debug)]
pub(crate) enum Message {
    /// The file may have changed.
    Hint(Hint),
    /// Do something now.
    Order(Order),
    /// Tell every outcome to this one too.
    Subscribe(Sender<Arc<Outcome>>),
    /// Open the log anew.
    ReopenLog,
    /// End.
    Stop,
}

/// Owner of the source and the reloader.
#[derive(Debug)]
pub(crate) struct Supervisor {
    source: Source,
    reloader: Reloader,
    board: Arc<Board>,
    metrics: Arc<Metrics>,
    messages: Receiver<Message>,
    environment: Environment,
    attempts: VecDeque<Arc<Attempt>>,
    /// Why the file cannot be read, while it cannot.
    unreadable: Option<String>,
    subscribers: Vec<Sender<Arc<Outcome>>>,
    stopping: bool,
}

/// What of the process the supervisor deals with, if its caller leaves that to it.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Whether the file is looked after.
    pub(crate) watch: bool,
    pub(crate) log: Option<LogControl>,
    pub(crate) notifier: Option<Notifier>,
}

/// How long a message is waited for at a time where nobody looks after the file. Drains are seen to meanwhile.
const IDLE: Duration = Duration::from_millis(500);
/// How long a writer has to show that a content that was refused is not its last word.
const SECOND_THOUGHT: Duration = Duration::from_millis(20);
/// The same for whoever has replaced a certificate and not yet its key, or the other way round. What serves stays meanwhile.
const SECOND_HALF: Duration = Duration::from_millis(200);

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot serve.
    #[error("{0}")]
    Rejected(Rejection),
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
        board: Arc<Board>,
        metrics: Arc<Metrics>,
        environment: Environment,
        (hints, messages): (Sender<Message>, Receiver<Message>),
    ) -> Result<Self, StartError> {
        let hint = move |hint| {
            // Nobody listens any more when the process is about to end.
            let _ = hints.send(Message::Hint(hint));
        };
        let (source, candidate) = Source::open(path, reloader.memory(), hint)?;
        let started = Instant::now();
        let candidate = candidate.asked_by(Origin::Boot);
        let outcome = reloader.reload(&candidate);
        if let Outcome::Rejected { rejection, .. } = outcome {
            return Err(StartError::Rejected(rejection));
        }
        for (listener, address) in reloader.addresses() {
            tracing::info!(%listener, %address, "listening");
        }
        record(&outcome, &candidate);
        let mut supervisor = Self {
            source,
            reloader,
            board,
            metrics,
            messages,
            environment,
            attempts: VecDeque::new(),
            unreadable: None,
            subscribers: Vec::new(),
            stopping: false,
        };
        if supervisor.environment.watch {
            // What was just read was looked after.
            supervisor.board.looked();
        }
        supervisor.note(Origin::Boot, started, Arc::new(outcome));
        supervisor.tell_manager_ready();
        Ok(supervisor)
    }

    pub(crate) fn reloader(&self) -> &Reloader {
        &self.reloader
    }

    /// Serves until told to stop, then drains.
    pub(crate) fn run(mut self) {
        while !self.stopping {
            if self.environment.watch {
                self.board.looked();
                self.hear(self.source.next_look());
                self.look();
            } else {
                self.hear(Instant::now() + IDLE);
            }
            self.reloader.drain();
        }
        tracing::info!("stopping");
        if let Some(notifier) = &self.environment.notifier {
            notifier.stopping();
        }
        self.board.stop();
        // Whoever asked for something learns that nobody will do it.
        while self.messages.try_recv().is_ok() {}
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
                Message::Order(order) => self.follow(order),
                Message::Subscribe(subscriber) => self.subscribers.push(subscriber),
                Message::ReopenLog => {
                    if let Some(log) = &self.environment.log {
                        log.reopen();
                    }
                }
                Message::Stop => self.stopping = true,
            }
            next = self.messages.try_recv().ok();
        }
    }

    fn look(&mut self) {
        let started = Instant::now();
        let before = self.source.seen();
        match self.source.look(self.reloader.memory()) {
            Sight::Same => {}
            Sight::New { candidate, in_place } => {
                self.tell_manager_reloading();
                let outcome = self.reloader.reload(&candidate);
                self.source.follow();
                let patience = patience_with(&outcome, in_place);
                let told = self.attempts.back().map(Arc::as_ptr);
                if patience.is_some_and(|patience| self.writer_goes_on(patience)) {
                    self.source.forget(before);
                } else if self.attempts.back().map(Arc::as_ptr) != told {
                    // Somebody asked for something meanwhile, and was told what became of it: that is the news.
                    tracing::debug!("a refusal is older than what was asked for since");
                } else {
                    self.unreadable = None;
                    self.tell(&candidate, started, outcome);
                }
                self.tell_manager_ready();
            }
            Sight::Gone(error) => {
                self.tell_gone(Origin::Watch, started, &error);
            }
            Sight::Back => {
                self.unreadable = None;
                self.put_up();
                let revision = self.reloader.revision();
                let path = self.source.path().display();
                tracing::info!(%path, revision, "configuration readable again, content as before");
            }
        }
    }

    /// Whether somebody writes on, so that what was read was not meant to be read.
    fn writer_goes_on(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline && !self.source.is_unsettled() && !self.stopping {
            self.hear(deadline);
        }
        self.source.is_unsettled()
    }

    fn follow(&mut self, order: Order) {
        let Order {
            wish,
            origin,
            precondition,
            reply,
        } = order;
        reply(match precondition {
            Some(precondition) if !precondition.holds(self.reloader.digest()) => Err(self.mismatch()),
            _ => {
                self.tell_manager_reloading();
                let done = match wish {
                    Wish::Reload => Ok(self.reload_now(origin)),
                    Wish::RollBack(to) => self.roll_back(to),
                };
                self.tell_manager_ready();
                done
            }
        });
    }

    fn mismatch(&self) -> Declined {
        Declined::Mismatch {
            revision: self.reloader.revision(),
            digest: self
                .reloader
                .digest()
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
        }
    }

    fn reload_now(&mut self, origin: Origin) -> Arc<Attempt> {
        let started = Instant::now();
        match self.source.read_now(self.reloader.memory()) {
            Sight::New { candidate, .. } => {
                self.unreadable = None;
                let candidate = candidate.asked_by(origin);
                let outcome = self.reloader.reload(&candidate);
                self.tell(&candidate, started, outcome)
            }
            Sight::Gone(error) => self.tell_gone(origin, started, &error),
            // The log knows it already.
            Sight::Same | Sight::Back => {
                let outcome = self.gone();
                self.note(origin, started, Arc::new(outcome))
            }
        }
    }

    fn roll_back(&mut self, to: u64) -> Result<Arc<Attempt>, Declined> {
        let started = Instant::now();
        let Some(outcome) = self.reloader.roll_back(to) else {
            let newest = self.reloader.revision();
            return Err(Declined::Unknown {
                wanted: to,
                oldest: self
                    .reloader
                    .revisions()
                    .first()
                    .map_or(newest, |oldest| oldest.number),
                newest,
            });
        };
        outcome.record(&format!("revision {to}"));
        Ok(self.share(Origin::Rollback { to }, started, outcome))
    }

    fn gone(&self) -> Outcome {
        let reason = self
            .unreadable
            .clone()
            .unwrap_or_else(|| "it is being looked for".to_owned());
        Outcome::Rejected {
            revision: self.reloader.revision(),
            digest: None,
            rejection: Rejection::Unreadable(reason.into()),
        }
    }

    fn tell_gone(&mut self, origin: Origin, started: Instant, error: &ReadError) -> Arc<Attempt> {
        self.unreadable = Some(error.to_string());
        let outcome = self.gone();
        outcome.record(&self.source.path().display().to_string());
        self.note(origin, started, Arc::new(outcome))
    }

    fn tell(&mut self, candidate: &Candidate, started: Instant, outcome: Outcome) -> Arc<Attempt> {
        record(&outcome, candidate);
        self.share(candidate.origin, started, outcome)
    }

    /// Notes an outcome and tells it to all subscribers.
    fn share(&mut self, origin: Origin, started: Instant, outcome: Outcome) -> Arc<Attempt> {
        let attempt = self.note(origin, started, Arc::new(outcome));
        self.subscribers
            .retain(|subscriber| subscriber.send(Arc::clone(&attempt.outcome)).is_ok());
        attempt
    }

    /// Puts an attempt where everybody can see it.
    fn note(&mut self, origin: Origin, started: Instant, outcome: Arc<Outcome>) -> Arc<Attempt> {
        let attempt = Arc::new(Attempt {
            origin,
            at: SystemTime::now(),
            duration: started.elapsed(),
            outcome,
        });
        self.metrics.observe(&attempt);
        self.attempts.push_back(Arc::clone(&attempt));
        let keep = self.reloader.model().settings.revisions.keep;
        let surplus = self.attempts.len().saturating_sub(keep);
        self.attempts.drain(..surplus);
        self.put_up();
        attempt
    }

    fn tell_manager_reloading(&self) {
        if let Some(notifier) = &self.environment.notifier {
            notifier.reloading();
        }
    }

    /// What serves, whatever became of the last attempt to change it.
    fn tell_manager_ready(&self) {
        let Some(notifier) = &self.environment.notifier else {
            return;
        };
        let revision = self.reloader.revision();
        let failed = self
            .attempts
            .back()
            .filter(|attempt| matches!(*attempt.outcome, Outcome::Rejected { .. }));
        notifier.ready(&match failed {
            Some(_) => format!("still serving revision {revision}, the last attempt to change it failed"),
            None => format!("serving revision {revision}"),
        });
    }

    fn put_up(&self) {
        let Self { source, reloader, .. } = self;
        self.board.put_up(Status {
            revision: reloader.revision(),
            digest: reloader.digest(),
            model: Arc::clone(reloader.model()),
            revisions: reloader.revisions(),
            attempts: self.attempts.clone(),
            files: source.files().to_vec(),
            disk: source.seen().filter(|_| self.unreadable.is_none()),
            addresses: reloader.addresses(),
        });
    }
}

/// How long to wait for more of a writer before a refusal is told, if at all.
fn patience_with(outcome: &Outcome, in_place: bool) -> Option<Duration> {
    match outcome {
        Outcome::Rejected { rejection, .. } if rejection.is_half_a_pair() => Some(SECOND_HALF),
        Outcome::Rejected { .. } if in_place => Some(SECOND_THOUGHT),
        _ => None,
    }
}

/// Writes the record of an outcome, and what is worth a warning about what serves now.
fn record(outcome: &Outcome, candidate: &Candidate) {
    outcome.record(&candidate.name);
    if matches!(outcome, Outcome::Applied { .. }) {
        for note in &candidate.notes {
            tracing::warn!("{note}");
        }
    }
}
