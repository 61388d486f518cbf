//! One admin listener: a thread that accepts and answers, apart from those that serve traffic.
//!
//! In: a socket that listens. Out: requests, each to [`Answers`]. It accepts nothing before it is opened, and once it closes every request
//! that has begun is still answered.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::TcpListener as StdTcpListener;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::Instant;

/// Whoever answers requests.
pub(super) trait Answers: Send + Sync {
    /// Answers one.
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer;
}

/// An answer that is on its way.
pub(super) type Answer = Pin<Box<dyn Future<Output = Response<Full<Bytes>>>>>;

/// A socket that listens and of which nobody accepts yet.
#[derive(Debug)]
pub(super) enum Listening {
    Tcp(StdTcpListener),
    Unix(StdUnixListener),
}

/// A listener and the way to command it. Dropped without being opened, it ends without a trace.
#[derive(Debug)]
pub(super) struct Door {
    phase: watch::Sender<Phase>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Staged,
    Open,
    /// What is still being answered then is cut off.
    Closing(Instant),
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

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
    pub(super) fn stage(listening: Listening, answers: Arc<dyn Answers>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (phase, phases) = watch::channel(Phase::Staged);
        let (ready, staged) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("admin".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, async move {
                // A socket belongs to the runtime that it is made on, and that can fail.
                match Listener::from_std(listening) {
                    Ok(listener) => {
                        let _ = ready.send(Ok(()));
                        keep(listener, answers, phases).await;
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
        Ok(Self { phase, thread })
    }

    /// Accepts from now on.
    pub(super) fn open(&self) {
        self.phase.send_replace(Phase::Open);
    }

    /// Accepts no more, and ends within `drain`.
    pub(super) fn close(&self, drain: Duration) {
        self.phase.send_replace(Phase::Closing(Instant::now() + drain));
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

async fn keep(listener: Listener, answers: Arc<dyn Answers>, mut phases: watch::Receiver<Phase>) {
    if phases.wait_for(|phase| *phase != Phase::Staged).await.is_err() {
        return;
    }
    let mut visitors = JoinSet::new();
    let welcome = |stream: Box<dyn Stream>, visitors: &mut JoinSet<()>| {
        visitors.spawn_local(serve(stream, Arc::clone(&answers), phases.clone()));
    };
    let mut closing = phases.clone();
    loop {
        tokio::select! {
            biased;
            _ = closing.wait_for(|phase| matches!(phase, Phase::Closing(_))) => break,
            Some(_) = visitors.join_next() => {}
            accepted = listener.accept(), if visitors.len() < VISITORS_LIMIT => match accepted {
                Ok(stream) => welcome(stream, &mut visitors),
                Err(error) => {
                    tracing::warn!(%error, "failed to accept on the admin listener; trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    // What is queued came in time; closing the socket would reset it.
    while let Some(stream) = listener.accept_queued().await {
        welcome(stream, &mut visitors);
    }
    drop(listener);
    let Phase::Closing(deadline) = *closing.borrow() else {
        return;
    };
    // What is cut off is aborted with the set.
    let _ = tokio::time::timeout_at(deadline, async { while visitors.join_next().await.is_some() {} }).await;
}

async fn serve(stream: Box<dyn Stream>, answers: Arc<dyn Answers>, mut phases: watch::Receiver<Phase>) {
    let phase = phases.clone();
    let service = service_fn(|request| {
        let answer = Arc::clone(&answers).answer(request);
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

// === impl Listener ===

impl Listener {
    fn from_std(listening: Listening) -> io::Result<Self> {
        match listening {
            Listening::Tcp(listener) => TcpListener::from_std(listener).map(Self::Tcp),
            Listening::Unix(listener) => UnixListener::from_std(listener).map(Self::Unix),
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(listener) => Ok(Box::new(listener.accept().await?.0)),
            Self::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
        }
    }

    async fn accept_queued(&self) -> Option<Box<dyn Stream>> {
        tokio::select! {
            biased;
            accepted = self.accept() => accepted.ok(),
            () = std::future::ready(()) => None,
        }
    }
}
