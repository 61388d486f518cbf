//! A running proxy, as a library's caller sees it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::acme::Orderer;
use crate::admin;
use crate::health::Checker;
use crate::lifecycle::{Notifier, PidFile};
use crate::log::LogControl;
use crate::metrics::Metrics;
use crate::model::{Address, Name};
use crate::names::{Lookup, Resolver};
use crate::order::{Declined, Order, Wish};
use crate::probe::Prober;
use crate::reload::{Attempt, Board, Follower, Origin, Outcome, Reloader, Status};
use crate::runtime::Shared;
use crate::supervisor::{Environment, Message, Signals, StartError, Supervisor};

/// How to start a proxy.
#[derive(Debug)]
pub struct Options {
    config: PathBuf,
    watch: bool,
    log: Option<LogControl>,
    signals: Option<Signals>,
    notifier: Option<Notifier>,
    lookup: Lookup,
    followers: Vec<Box<dyn Follower>>,
}

/// A proxy that serves. Dropped, it serves on until the process ends; [`shutdown`](Self::shutdown) ends it.
#[derive(Debug)]
pub struct Proxy {
    messages: Sender<Message>,
    shared: Arc<Shared>,
    board: Arc<Board>,
    addresses: Vec<(Name, Address)>,
    supervisor: JoinHandle<()>,
}

/// The thread that decides has ended by a panic, and nobody reloads or stops the proxy any more.
#[derive(Debug, thiserror::Error)]
#[error("the supervisor panicked")]
pub struct SupervisorPanicked;

// === impl Options ===

impl Options {
    /// With the configuration at `config`, leaving signals and the log to the caller.
    pub fn new(config: impl Into<PathBuf>) -> Self {
        Self {
            config: config.into(),
            watch: true,
            log: None,
            signals: None,
            notifier: None,
            lookup: Lookup::of_system(),
            followers: Vec::new(),
        }
    }

    /// Whether the file is looked after, as it is unless it is said otherwise. Without it, the file is read when somebody asks for a
    /// reload, and at no other time.
    #[must_use]
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// Lets the configuration decide about the process's log.
    #[must_use]
    pub fn log(mut self, log: LogControl) -> Self {
        self.log = Some(log);
        self
    }

    /// Tells the service manager.
    #[must_use]
    pub fn notify(mut self, notifier: Option<Notifier>) -> Self {
        self.notifier = notifier;
        self
    }

    /// Has names of endpoints looked up by `find`, which is given `host:port`, in the place of the system. It may block, and is called on a thread for that.
    #[must_use]
    pub fn resolver(
        mut self,
        find: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        self.lookup = Lookup::new(find);
        self
    }

    /// Lets something of the caller's own follow the configuration: it can refuse a change before the commit, and is told after it.
    #[must_use]
    pub fn follower(mut self, follower: impl Follower + 'static) -> Self {
        self.followers.push(Box::new(follower));
        self
    }

    /// Reloads on SIGHUP, opens the log anew on SIGUSR1, stops on SIGTERM, SIGQUIT and SIGINT.
    #[must_use]
    pub fn signals(mut self, signals: Signals) -> Self {
        self.signals = Some(signals);
        self
    }
}

// === impl Proxy ===

impl Proxy {
    /// Starts a proxy. When this returns, its configuration serves, and its file is watched where that is wanted.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let Options {
            config,
            watch,
            log,
            signals,
            notifier,
            lookup,
            followers,
        } = options;
        let (messages, receiver) = mpsc::channel();
        let serving = Arc::new(AtomicBool::new(false));
        let board = Arc::new(Board::default());
        let metrics = Arc::new(Metrics::default());
        let pid_file = PidFile::default();
        if let Some(signals) = signals {
            signals.forward(messages.clone(), Arc::clone(&serving), pid_file.place())?;
        }
        let mut reloader = Reloader::new();
        let shared = Arc::clone(reloader.shared());
        let orders = {
            let messages = messages.clone();
            Box::new(move |order| messages.send(Message::Order(order)).is_ok())
        };
        let doors = admin::doors(
            config.clone(),
            Arc::clone(&board),
            Arc::clone(&metrics),
            Arc::clone(&shared),
            orders,
        );
        reloader.add_follower(Box::new(doors));
        reloader.add_follower(Box::new(pid_file));
        reloader.add_follower(Box::new(Prober::default()));
        reloader.add_follower(Box::new(Resolver::new(Arc::clone(&shared), lookup)));
        reloader.add_follower(Box::new(Checker::new(Arc::clone(&shared))));
        reloader.add_follower(Box::new(Orderer::new(
            Arc::clone(&shared),
            Arc::clone(reloader.vault()),
        )));
        if let Some(log) = &log {
            reloader.add_follower(Box::new(log.follower()));
            #[cfg(feature = "otlp")]
            reloader.add_follower(Box::new(log.spans()));
        }
        for follower in followers {
            reloader.add_follower(follower);
        }
        let supervisor = Supervisor::boot(
            &config,
            reloader,
            Arc::clone(&board),
            metrics,
            Environment { watch, log, notifier },
            (messages.clone(), receiver),
        )?;
        serving.store(true, Ordering::Release);
        let addresses = supervisor.reloader().addresses();
        let thread = thread::Builder::new()
            .name("supervisor".to_owned())
            .spawn(move || supervisor.run())?;
        Ok(Self {
            messages,
            shared,
            board,
            addresses,
            supervisor: thread,
        })
    }

    /// Reads the file again and makes it serve if it is valid. None if the proxy has stopped.
    pub fn reload(&self) -> Option<Arc<Outcome>> {
        let answer = self.ask(Wish::Reload, Origin::Api)?;
        answer.ok().map(|attempt| Arc::clone(&attempt.outcome))
    }

    /// The same for somebody who does not want to hold up a thread until it is done.
    pub async fn reload_async(&self) -> Option<Arc<Outcome>> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let order = Order {
            wish: Wish::Reload,
            origin: Origin::Api,
            precondition: None,
            reply: Box::new(move |reply| {
                // The one who asked may have gone.
                let _ = answer.send(reply);
            }),
        };
        self.messages.send(Message::Order(order)).ok()?;
        let answer = answered.await.ok()?;
        answer.ok().map(|attempt| Arc::clone(&attempt.outcome))
    }

    /// Makes serve again what an earlier revision said, under a new number; the file stays as it is, and counts again once it changes or
    /// somebody asks for it. None if the proxy has stopped.
    pub fn roll_back(&self, to: u64) -> Option<Result<Arc<Outcome>, Declined>> {
        let answer = self.ask(Wish::RollBack(to), Origin::Rollback { to })?;
        Some(answer.map(|attempt| Arc::clone(&attempt.outcome)))
    }

    fn ask(&self, wish: Wish, origin: Origin) -> Option<Result<Arc<Attempt>, Declined>> {
        let (answer, answered) = mpsc::channel();
        let order = Order {
            wish,
            origin,
            precondition: None,
            reply: Box::new(move |reply| {
                // The one who asked waits below.
                let _ = answer.send(reply);
            }),
        };
        self.messages.send(Message::Order(order)).ok()?;
        answered.recv().ok()
    }

    /// What serves, what served before, and what became of the last attempts to change it.
    pub fn status(&self) -> Arc<Status> {
        self.board.status()
    }

    /// Every outcome of a content or of a rollback from now on. What was applied comes with the old model, the new one, and the plan
    /// between them. A file that cannot be read has no outcome here.
    pub fn subscribe(&self) -> Receiver<Arc<Outcome>> {
        let (subscriber, outcomes) = mpsc::channel();
        // If the proxy has stopped, the receiver says so at once.
        let _ = self.messages.send(Message::Subscribe(subscriber));
        outcomes
    }

    /// The number of what serves now.
    pub fn revision(&self) -> u64 {
        self.shared.current.load().revision()
    }

    /// Client connections that are open, tunnels included.
    pub fn connection_count(&self) -> usize {
        self.shared.connection_count()
    }

    /// The address that each listener of the first configuration was bound to.
    pub fn addresses(&self) -> &[(Name, Address)] {
        &self.addresses
    }

    /// Stops accepting, lets what is in flight finish within the drain time-out, and returns when all has ended.
    pub fn shutdown(self) {
        let _ = self.messages.send(Message::Stop);
        if let Err(error) = self.wait() {
            tracing::error!("{error}");
        }
    }

    /// Returns when the proxy has ended, as after a signal.
    pub fn wait(self) -> Result<(), SupervisorPanicked> {
        self.supervisor.join().map_err(|_| SupervisorPanicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Current, Snapshot};

    #[test]
    fn a_panic_of_the_supervisor_is_told() {
        let end = |supervisor: fn()| Proxy {
            messages: mpsc::channel().0,
            shared: Shared::new(Current::new(Snapshot::default())),
            board: Arc::default(),
            addresses: Vec::new(),
            supervisor: thread::spawn(supervisor),
        };
        assert!(end(|| {}).wait().is_ok());
        assert!(end(|| panic!("as asked")).wait().is_err());
    }
}
