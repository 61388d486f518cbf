//! What a connection answers at a moment: one request by HTTP/1.1, or many streams by HTTP/2.
//!
//! In: a request that a route answers, until its answer is handed over; of a tunnel, as long as it lives. Out: by which routes, since when a stream's client takes
//! nothing, and a way to end one stream without the others.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::task::{self, AbortHandle};
use tokio::time::Instant;

use super::connection::Connection;
use super::removals::Removals;
use super::snapshot::{Generation, Route};
use crate::model::RouteKey;

/// All of one connection.
#[derive(Debug, Default)]
pub(super) struct Answers {
    all: RefCell<Vec<Rc<Answer>>>,
    /// The tasks of streams, some of which may have ended.
    streams: RefCell<Vec<AbortHandle>>,
    is_tunnel: Cell<bool>,
}

#[derive(Debug)]
struct Answer {
    generation: Arc<Generation>,
    route: Arc<Route>,
    /// The task that answers it alone, of HTTP/2.
    task: Option<task::Id>,
    /// Since when a piece of the answer waits for the client to take it.
    waiting: Cell<Option<Instant>>,
}

/// While this lives, a route answers a request of a connection.
#[derive(Debug)]
pub(super) struct Answering {
    connection: Rc<Connection>,
    answer: Rc<Answer>,
}

/// Runs the streams of a connection of HTTP/2, each as a task of its own.
#[derive(Clone)]
pub(super) struct Streams(pub(super) Rc<Connection>);

// === impl Answers ===

impl Answers {
    /// What it is answered by stays until it ends.
    pub(super) fn become_tunnel(&self) {
        self.is_tunnel.set(true);
    }

    /// Lets go of the room for answers, while there are none.
    pub(super) fn forget(&self) {
        self.all.borrow_mut().shrink_to_fit();
    }

    pub(super) fn routes(&self) -> Vec<RouteKey> {
        let all = self.all.borrow();
        all.iter()
            .map(|answer| answer.route.definition.key.clone())
            .collect()
    }

    /// When the first of them is cut off because its route is gone.
    pub(super) fn outlived(&self, removals: &Removals) -> Option<Instant> {
        let all = self.all.borrow();
        all.iter().filter_map(|answer| answer.outlived(removals)).min()
    }

    /// Ends the streams whose route is gone for too long, and those of whose answer the client took nothing for `patience`. Of HTTP/2.
    pub(super) fn end_overdue(&self, removals: &Removals, patience: Duration) {
        let now = Instant::now();
        let is_overdue = |answer: &Answer| {
            let outlived = answer.outlived(removals);
            let stuck = answer.waiting.get().map(|since| since + patience);
            outlived.into_iter().chain(stuck).any(|deadline| deadline <= now)
        };
        let all = self.all.borrow();
        let overdue: Vec<task::Id> = all
            .iter()
            .filter(|answer| is_overdue(answer))
            .filter_map(|answer| answer.task)
            .collect();
        drop(all);
        // Whoever is ended lets go of what it has here as soon as it has its turn.
        let streams = self.streams.borrow();
        streams
            .iter()
            .filter(|stream| overdue.contains(&stream.id()))
            .for_each(AbortHandle::abort);
    }

    /// What answered by this stream alone is done, or was told to end.
    fn ended(&self, stream: task::Id) {
        let mut streams = self.streams.borrow_mut();
        if let Some(index) = streams.iter().position(|one| one.id() == stream) {
            streams.swap_remove(index);
        }
    }
}

// === impl Answer ===

impl Answer {
    /// When it is cut off because its route is gone.
    fn outlived(&self, removals: &Removals) -> Option<Instant> {
        removals.deadline(self.generation.revision, &self.route.definition.key)
    }
}

// === impl Answering ===

impl Answering {
    /// Takes note of what answers a request, as long as what is returned lives.
    pub(super) fn by(connection: &Rc<Connection>, generation: Arc<Generation>, route: &Arc<Route>) -> Self {
        let answer = Rc::new(Answer {
            generation,
            route: Arc::clone(route),
            task: connection.is_http2().then(task::id),
            waiting: Cell::new(None),
        });
        let answers = &connection.answers;
        answers.all.borrow_mut().push(Rc::clone(&answer));
        Self {
            connection: Rc::clone(connection),
            answer,
        }
    }

    /// A piece of the answer is there to be sent, or (`false`) the next one is asked for. By HTTP/1.1 the socket tells who takes nothing.
    pub(super) fn hand_over(&self, is_handed_over: bool) {
        if self.answer.task.is_none() {
            return;
        }
        let since = is_handed_over.then(Instant::now);
        self.answer.waiting.set(since);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let answers = &self.connection.answers;
        if let Some(stream) = self.answer.task {
            answers.ended(stream);
        }
        if !answers.is_tunnel.get() {
            let mut all = answers.all.borrow_mut();
            if let Some(index) = all.iter().position(|answer| Rc::ptr_eq(answer, &self.answer)) {
                all.swap_remove(index);
            }
        }
    }
}

// === impl Streams ===

impl<F: Future<Output = ()> + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let task = task::spawn_local(stream);
        let mut streams = self.0.answers.streams.borrow_mut();
        // Those that no route answered are forgotten where room is needed.
        if streams.len() == streams.capacity() {
            streams.retain(|stream| !stream.is_finished());
        }
        streams.push(task.abort_handle());
    }
}
