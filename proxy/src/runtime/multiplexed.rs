//! Connections to upstreams that many requests share: those of HTTP/2.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Instant;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, MutexGuard};

use super::body::RequestBody;
use super::life::{End, Life};
use crate::model::{Pool, Protocol};

/// The connections to one endpoint.
#[derive(Debug, Default)]
pub(super) struct Open {
    all: RefCell<Vec<Many>>,
    /// Held while one is opened, so that those who come meanwhile can share it.
    opening: Mutex<()>,
}

/// One connection.
#[derive(Debug, Clone)]
pub(super) struct Many {
    sender: http2::SendRequest<RequestBody>,
    load: Rc<Load>,
    life: Rc<Life>,
}

struct Load {
    requests: Cell<usize>,
    /// Says how many the other side takes.
    room: Box<dyn Fn() -> usize>,
    /// When the last one ended.
    since: Cell<Instant>,
}

/// One request's share of a connection, which is there for others again where this is dropped.
#[derive(Debug)]
pub(super) struct Share(Many);

/// Runs what belongs to a connection on the worker's thread.
#[derive(Clone)]
struct Here;

/// What servers take at a time on one connection, as long as they do not say: no fewer than RFC 9113 §6.5.2 has it.
const STREAMS: usize = 100;

// === impl Open ===

impl Open {
    pub(super) fn add(&self, one: Many) {
        self.all.borrow_mut().push(one);
    }

    /// The one with the fewest requests of those that take another one.
    pub(super) fn find(&self) -> Option<Many> {
        let all = self.all.borrow();
        let fit = all.iter().filter(|many| many.has_room());
        fit.min_by_key(|many| many.load.requests.get()).cloned()
    }

    /// Waits until nobody else opens one.
    pub(super) async fn wait_for_turn(&self) -> MutexGuard<'_, ()> {
        self.opening.lock().await
    }

    /// Gives no more requests to what is not to be kept: whoever still has one ends it, and the connection with it.
    pub(super) fn sweep(&self, now: Instant, pool: Pool) {
        let timeout = pool.idle_timeout(Protocol::Http2);
        let mut idle = 0;
        self.all.borrow_mut().retain(|many| {
            let is_idle = many.is_idle();
            idle += u32::from(is_idle);
            let end = if many.sender.is_closed() {
                End::Other
            } else if many.life.is_old(now, pool.max_lifetime) {
                End::Old
            } else if is_idle && now.duration_since(many.load.since.get()) >= timeout {
                End::Idle
            } else if is_idle && idle > pool.max_idle {
                End::Surplus
            } else {
                return true;
            };
            many.life.ends(end);
            false
        });
    }

    /// Gives no more requests to any.
    pub(super) fn leave(&self) {
        self.all
            .take()
            .iter()
            .for_each(|many| many.life.ends(End::Removed));
    }

    /// How many have no request.
    pub(super) fn idle(&self) -> usize {
        self.all.borrow().iter().filter(|many| many.is_idle()).count()
    }
}

// === impl Many ===

impl Many {
    /// Begins to speak HTTP/2. What is given with it has to be run, until it ends.
    pub(super) async fn begin(
        io: TokioIo<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>,
        life: Rc<Life>,
    ) -> hyper::Result<(Self, impl Future<Output = hyper::Result<()>>)> {
        let mut builder = http2::Builder::new(Here);
        builder.timer(TokioTimer::new()).initial_max_send_streams(STREAMS);
        let (sender, connection) = builder.handshake(io).await?;
        // Polled by its task, and asked by whoever wants to send. It is let go where it ends: whoever waits for it hears of that by no other way.
        let connection = Rc::new(RefCell::new(Some(connection)));
        let asked = Rc::clone(&connection);
        let load = Rc::new(Load {
            requests: Cell::new(0),
            room: Box::new(move || {
                let asked = asked.borrow();
                asked
                    .as_ref()
                    .map_or(0, http2::Connection::current_max_send_streams)
            }),
            since: Cell::new(Instant::now()),
        });
        let connection = std::future::poll_fn(move |cx| {
            let mut place = connection.borrow_mut();
            let Some(connection) = place.as_mut() else {
                return Poll::Ready(Ok(()));
            };
            let ended = ready!(Pin::new(connection).poll(cx));
            let over = place.take();
            drop(place);
            drop(over);
            Poll::Ready(ended)
        });
        Ok((Self { sender, load, life }, connection))
    }

    fn is_idle(&self) -> bool {
        self.load.requests.get() == 0
    }

    fn has_room(&self) -> bool {
        !self.sender.is_closed() && self.load.requests.get() < (self.load.room)()
    }

    pub(super) fn share(&self) -> Share {
        let load = &self.load;
        load.requests.set(load.requests.get() + 1);
        Share(self.clone())
    }
}

// === impl Load ===

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let room = (self.room)();
        write!(f, "Load({} of {room})", self.requests.get())
    }
}

// === impl Share ===

impl Share {
    pub(super) fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> + use<> {
        self.0.sender.try_send_request(request)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let load = &self.0.load;
        load.requests.set(load.requests.get() - 1);
        load.since.set(Instant::now());
    }
}

// === impl Here ===

impl<F: Future<Output = ()> + 'static> Executor<F> for Here {
    fn execute(&self, part: F) {
        tokio::task::spawn_local(part);
    }
}
