//! One admin listener: a thread that accepts and answers, apart from those that serve traffic.
//!
//! In: a socket that listens. Out: requests, each to [`Answers`]. It accepts nothing before it is opened, and once it closes every request
//! that has begun is still answered.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::Instant;

use crate::model::Secret;
use crate::runtime::{Listener, Listening, Stream};

/// Whoever answers requests.
pub(super) trait Answers: Send + Sync {
    /// Answers one, that came by a door that demands this token.
    fn answer(self: Arc<Self>, request: Request<Incoming>, token: Option<Secret>) -> Answer;
}

/// An answer that is on its way.
pub(super) type Answer = Pin<Box<dyn Future<Output = Response<Full<Bytes>>>>>;

/// A listener and the way to command it. Dropped without being opened, it ends without a trace.
#[derive(Debug)]
pub(super) struct Door {
    phase: watch::Sender<Phase>,
    /// What it demands of those who come by it. One that closes goes on to demand what it did.
    token: Token,
    /// Hears nothing, and that nobody can speak any more once the door accepts no more.
    accepting: mpsc::Receiver<Infallible>,
    thread: JoinHandle<()>,
}

type Token = Arc<ArcSwapOption<Secret>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Staged,
    Open,
    /// What is still being answered then is cut off.
    Closing(Instant),
}

/// Connections at a time; more wait in the kernel.
const VISITORS_LIMIT: usize = 64;
/// How long a connection may take for the head of a request, and for the pause before it.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
const HEAD_BYTES: usize = 64 * 1024;
/// How long an idle connection that has to end stays open for a request that may be on its way.
const GRACE: Duration = Duration::from_secs(1);
/// After a failure to accept.
const PAUSE: Duration = Duration::from_millis(100);

// === impl Door ===

impl Door {
    /// Starts a thread that has the socket and accepts nothing yet.
    pub(super) fn stage(
        listening: Listening,
        token: Option<Secret>,
        answers: Arc<dyn Answers>,
    ) -> io::Result<Self> {
        let token = Token::new(ArcSwapOption::from_pointee(token));
        let demanded = Arc::clone(&token);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (phase, phases) = watch::channel(Phase::Staged);
        let (ready, staged) = mpsc::sync_channel(1);
        let (end_of_accepting, accepting) = mpsc::channel();
        let thread = thread::Builder::new().name("admin".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, async move {
                // A socket belongs to the runtime that it is made on, and that can fail.
                match Listener::from_std(listening) {
                    Ok(listener) => {
                        let _ = ready.send(Ok(()));
                        keep(listener, end_of_accepting, answers, demanded, phases).await;
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            });
        })?;
        staged
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the thread of the admin listener ended")))?;
        Ok(Self {
            phase,
            token,
            accepting,
            thread,
        })
    }

    /// Demands this token of every request from now on.
    pub(super) fn demand(&self, token: Option<Secret>) {
        self.token.store(token.map(Arc::new));
    }

    /// Accepts from now on.
    pub(super) fn open(&self) {
        self.phase.send_replace(Phase::Open);
    }

    /// Accepts no more, and ends within `drain`.
    pub(super) fn close(&self, drain: Duration) {
        self.phase.send_replace(Phase::Closing(Instant::now() + drain));
    }

    /// Waits until it accepts no more, after it was told to close; false if it does at the deadline.
    pub(super) fn has_left_by(&self, deadline: std::time::Instant) -> bool {
        let patience = deadline.saturating_duration_since(std::time::Instant::now());
        self.accepting.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Disconnected)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end of the thread. One that was never opened ends at once.
    pub(super) fn join(self) {
        drop(self.phase);
        if self.thread.join().is_err() {
            tracing::error!("an admin listener panicked");
        }
    }
}

async fn keep(
    listener: Listener,
    end_of_accepting: mpsc::Sender<Infallible>,
    answers: Arc<dyn Answers>,
    token: Token,
    mut phases: watch::Receiver<Phase>,
) {
    if phases.wait_for(|phase| *phase != Phase::Staged).await.is_err() {
        return;
    }
    let mut visitors = JoinSet::new();
    let welcome = |stream: Stream, visitors: &mut JoinSet<()>| {
        visitors.spawn_local(serve(
            stream,
            Arc::clone(&answers),
            Arc::clone(&token),
            phases.clone(),
        ));
    };
    let mut closing = phases.clone();
    loop {
        tokio::select! {
            biased;
            _ = closing.wait_for(|phase| matches!(phase, Phase::Closing(_))) => break,
            Some(_) = visitors.join_next() => {}
            accepted = listener.accept(), if visitors.len() < VISITORS_LIMIT => match accepted {
                Ok((stream, _)) => welcome(stream, &mut visitors),
                Err(error) => {
                    tracing::warn!(%error, "failed to accept on the admin listener; trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    // What is queued came in time; closing the socket would reset it.
    while let Some(stream) = accept_queued(&listener).await {
        welcome(stream, &mut visitors);
    }
    drop(listener);
    drop(end_of_accepting);
    let Phase::Closing(deadline) = *closing.borrow() else {
        return;
    };
    // What is cut off is aborted with the set.
    let _ = tokio::time::timeout_at(deadline, async { while visitors.join_next().await.is_some() {} }).await;
}

async fn serve(stream: Stream, answers: Arc<dyn Answers>, token: Token, mut phases: watch::Receiver<Phase>) {
    let phase = phases.clone();
    let service = service_fn(|request| {
        let token = token.load().as_deref().cloned();
        let answer = Arc::clone(&answers).answer(request, token);
        let phase = &phase;
        async move {
            let mut answer = answer.await;
            if matches!(*phase.borrow(), Phase::Closing(_)) {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let mut end = std::pin::pin!(async move {
        let _ = phases.wait_for(|phase| matches!(phase, Phase::Closing(_))).await;
        tokio::time::sleep(GRACE).await;
    });
    let mut ending = false;
    loop {
        tokio::select! {
            result = serving.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(%error, "a connection to the admin listener ended");
                }
                return;
            }
            () = &mut end, if !ending => {
                ending = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn accept_queued(listener: &Listener) -> Option<Stream> {
    tokio::select! {
        biased;
        accepted = listener.accept() => accepted.ok().map(|(stream, _)| stream),
        () = std::future::ready(()) => None,
    }
}
