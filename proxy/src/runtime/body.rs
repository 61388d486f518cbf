//! Bodies on their way through, piece by piece: nothing is collected.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::admission::Admission;
use super::answers::Answering;
use super::attempts::Reader;
use super::endpoint::Load;
use super::pool::Lease;
use super::refusal::Refusal;
use super::state::Busy;

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the sender broke off: {0}")]
    BrokeOff(#[from] hyper::Error),
    #[error("the sender was silent for too long")]
    TooSlow,
    #[error("the body is larger than allowed")]
    TooLarge,
    #[error("it is not sent there any more")]
    GivenUp,
}

/// The body of an answer to a client.
#[derive(Debug)]
pub(super) struct ResponseBody {
    content: Content,
    /// Held until the whole answer is handed to the connection.
    busy: Option<(Busy, Option<Answering>, Option<Rc<Admission>>)>,
}

#[derive(Debug)]
enum Content {
    Whole(Option<Bytes>),
    Upstream {
        pieces: Timed,
        lease: Option<(Lease, Load)>,
        progress: Rc<Progress>,
    },
}

/// The body of a request to an upstream.
#[derive(Debug)]
pub(super) struct RequestBody {
    source: Source,
    progress: Rc<Progress>,
}

/// Where the body of a request comes from.
#[derive(Debug)]
enum Source {
    Client {
        pieces: Timed,
        left_bytes: u64,
    },
    /// From what is kept of it for several attempts, and from the client after that.
    Kept(Reader),
    Nothing,
}

/// What the one who waits for an answer has to know about the request's body.
#[derive(Debug)]
pub(super) struct Progress {
    /// When the last piece was passed on.
    pub(super) moved: Cell<Instant>,
    /// Why the body ended too early, if it did.
    pub(super) failure: Cell<Option<Refusal>>,
    /// The next piece has been asked for, and the client has not sent it: whoever waits waits for the client.
    pub(super) awaits_client: Cell<bool>,
    /// The answer has begun: both sides may take turns now, and whoever sends may be silent for as long as whoever answers.
    pub(super) is_answered: Cell<bool>,
}

/// An incoming body that may not be silent for long.
#[derive(Debug)]
struct Timed {
    incoming: Incoming,
    patience: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

// === impl Timed ===

impl Timed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(piece) = Pin::new(&mut self.incoming).poll_frame(cx) {
            self.timer = None;
            return Poll::Ready(piece.map(|piece| piece.map_err(BodyError::from)));
        }
        let patience = self.patience;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        timer.as_mut().poll(cx).map(|()| Some(Err(BodyError::TooSlow)))
    }

    /// Waits anew, from `since` on.
    fn wait_from(&mut self, since: Instant) {
        if let Some(timer) = &mut self.timer {
            timer.as_mut().reset(since + self.patience);
        }
    }
}

// === impl ResponseBody ===

impl ResponseBody {
    pub(super) fn full(bytes: Bytes) -> Self {
        Self {
            content: Content::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())),
            busy: None,
        }
    }

    /// A body from an upstream; `lease` is given back at its end.
    pub(super) fn upstream(
        incoming: Incoming,
        lease: (Lease, Load),
        progress: Rc<Progress>,
        idle: Duration,
    ) -> Self {
        let ended = incoming.is_end_stream();
        let pieces = Timed {
            incoming,
            patience: idle,
            timer: None,
        };
        let mut content = Content::Upstream {
            pieces,
            lease: Some(lease),
            progress,
        };
        if ended {
            content.release();
        }
        Self { content, busy: None }
    }

    pub(super) fn keep_until_sent(
        &mut self,
        busy: Busy,
        answering: Option<Answering>,
        admission: Option<Rc<Admission>>,
    ) {
        self.busy = Some((busy, answering, admission));
    }
}

impl Content {
    fn release(&mut self) {
        if let Self::Upstream { lease, .. } = self
            && let Some((lease, _load)) = lease.take()
        {
            lease.give_back();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { content, busy } = &mut *self;
        let (piece, ended) = match content {
            Content::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Upstream { pieces, progress, .. } => {
                if let Some((_, Some(answering), _)) = busy {
                    answering.hand_over(false);
                }
                let piece = loop {
                    let piece = std::task::ready!(pieces.poll(cx));
                    if !matches!(piece, Some(Err(BodyError::TooSlow))) {
                        break piece;
                    }
                    let silent_since = progress.moved.get();
                    if silent_since.elapsed() >= pieces.patience {
                        break piece;
                    }
                    // The other side is the one who speaks.
                    pieces.wait_from(silent_since);
                };
                let ended = piece.is_none() || pieces.incoming.is_end_stream();
                (piece, ended)
            }
        };
        if ended && !matches!(piece, Some(Err(_))) {
            self.content.release();
        }
        if let (Some((_, Some(answering), _)), Some(Ok(_))) = (&self.busy, &piece) {
            answering.hand_over(true);
        }
        Poll::Ready(piece)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_none(),
            Content::Upstream { pieces, .. } => pieces.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Upstream { pieces, .. } => pieces.incoming.size_hint(),
        }
    }
}

// === impl RequestBody ===

impl RequestBody {
    pub(super) fn new(
        incoming: Incoming,
        patience: Duration,
        limit_bytes: Option<u64>,
    ) -> (Self, Rc<Progress>) {
        let progress = Rc::new(Progress {
            moved: Cell::new(Instant::now()),
            failure: Cell::new(None),
            awaits_client: Cell::new(false),
            is_answered: Cell::new(false),
        });
        let pieces = Timed {
            incoming,
            patience,
            timer: None,
        };
        let left_bytes = limit_bytes.unwrap_or(u64::MAX);
        (
            Self {
                source: Source::Client { pieces, left_bytes },
                progress: Rc::clone(&progress),
            },
            progress,
        )
    }

    /// No body, for a request that is sent again.
    pub(super) fn none(progress: &Rc<Progress>) -> Self {
        Self {
            source: Source::Nothing,
            progress: Rc::clone(progress),
        }
    }

    #[cfg(test)]
    pub(super) fn nothing() -> Rc<Progress> {
        Rc::new(Progress {
            moved: Cell::new(Instant::now()),
            failure: Cell::default(),
            awaits_client: Cell::default(),
            is_answered: Cell::default(),
        })
    }

    /// For one of several attempts.
    pub(super) fn kept(reader: Reader, progress: &Rc<Progress>) -> Self {
        Self {
            source: Source::Kept(reader),
            progress: Rc::clone(progress),
        }
    }

    fn fail(&self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.progress.failure.set(match error {
            BodyError::BrokeOff(_) => Some(Refusal::BadBody),
            BodyError::TooSlow => Some(Refusal::BodyTooSlow),
            BodyError::TooLarge => Some(Refusal::BodyTooLarge),
            BodyError::GivenUp => None,
        });
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { source, progress } = &mut *self;
        let (pieces, left_bytes) = match source {
            Source::Client { pieces, left_bytes } => (pieces, left_bytes),
            Source::Kept(reader) => {
                let piece = Pin::new(reader).poll_frame(cx);
                progress.awaits_client.set(piece.is_pending());
                let piece = std::task::ready!(piece);
                progress.moved.set(Instant::now());
                return Poll::Ready(piece);
            }
            Source::Nothing => return Poll::Ready(None),
        };
        let piece = loop {
            let piece = pieces.poll(cx);
            progress.awaits_client.set(piece.is_pending());
            let piece = std::task::ready!(piece);
            if !progress.is_answered.get() || !matches!(piece, Some(Err(BodyError::TooSlow))) {
                break piece;
            }
            pieces.wait_from(Instant::now());
        };
        progress.moved.set(Instant::now());
        match piece {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                match left_bytes.checked_sub(length) {
                    Some(left) => *left_bytes = left,
                    None => return self.fail(BodyError::TooLarge),
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => self.fail(error),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Client { pieces, .. } => pieces.incoming.is_end_stream(),
            Source::Kept(reader) => reader.is_end_stream(),
            Source::Nothing => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Client { pieces, .. } => pieces.incoming.size_hint(),
            Source::Kept(reader) => reader.size_hint(),
            Source::Nothing => SizeHint::with_exact(0),
        }
    }
}
