//! A request on its way to an upstream: sent once, or kept so that it can be sent again.
//!
//! In: a request and how much of its body may be kept. Out: the request, as often as it is asked for and all of it is still there. Nothing is copied, and nothing kept, for a route that
//! declares neither retries nor hedges.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body::{Body, Frame, SizeHint};

use super::super::body::{BodyError, Progress, RequestBody};

/// A request, and what is left of it.
#[derive(Debug)]
pub(in crate::runtime) enum Outgoing {
    /// Is there as long as nothing of it was sent.
    Once(RefCell<Option<Request<RequestBody>>>),
    /// Is there as long as all that was read of its body is kept.
    Kept(Kept),
}

#[derive(Debug)]
pub(in crate::runtime) struct Kept {
    head: Request<()>,
    body: Rc<RefCell<KeptBody>>,
    progress: Rc<Progress>,
}

#[derive(Debug)]
struct KeptBody {
    incoming: RequestBody,
    pieces: Vec<Piece>,
    left_bytes: u64,
    /// The end has been read.
    is_whole: bool,
    /// More was read than may be kept.
    is_lost: bool,
    /// Which reader may read on; those before it are of attempts that have failed.
    turn: u32,
}

#[derive(Debug, Clone)]
enum Piece {
    Data(Bytes),
    /// Small ones together: each by itself would take more room than it has bytes.
    Small(Vec<u8>),
    Trailers(Box<HeaderMap>),
}

/// What is shorter is copied, and put together with its neighbours.
const SMALL_BYTES: usize = 1024;

/// The body for one attempt.
#[derive(Debug)]
pub(in crate::runtime) struct Reader {
    body: Rc<RefCell<KeptBody>>,
    turn: u32,
    next: usize,
}

// === impl Outgoing ===

impl Outgoing {
    pub(super) fn once(request: Request<RequestBody>) -> Self {
        Self::Once(RefCell::new(Some(request)))
    }

    /// Keeps so many bytes of the body.
    pub(super) fn kept(request: Request<RequestBody>, buffer_bytes: u64, progress: &Rc<Progress>) -> Self {
        let (parts, incoming) = request.into_parts();
        let body = KeptBody {
            incoming,
            pieces: Vec::new(),
            left_bytes: buffer_bytes,
            is_whole: false,
            is_lost: false,
            turn: 0,
        };
        Self::Kept(Kept {
            head: Request::from_parts(parts, ()),
            body: Rc::new(RefCell::new(body)),
            progress: Rc::clone(progress),
        })
    }

    /// The request for an attempt.
    pub(super) fn next(&self) -> Option<Request<RequestBody>> {
        match self {
            Self::Once(request) => request.take(),
            Self::Kept(kept) => {
                if !self.is_there() {
                    return None;
                }
                let mut body = kept.body.borrow_mut();
                body.turn += 1;
                let reader = Reader {
                    turn: body.turn,
                    body: Rc::clone(&kept.body),
                    next: 0,
                };
                Some(head_of(&kept.head).map(|()| RequestBody::kept(reader, &kept.progress)))
            }
        }
    }

    /// Takes back a request of which nothing was sent.
    pub(super) fn put_back(&self, unsent: Request<RequestBody>) {
        if let Self::Once(request) = self {
            request.replace(Some(unsent));
        }
    }

    /// Whether there is a request for another attempt.
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::Once(request) => request.borrow().is_some(),
            Self::Kept(kept) => !kept.body.borrow().is_lost,
        }
    }

    /// Whether several attempts may have it at a time: there is no body, or all of it is kept.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Once(_) => false,
            Self::Kept(kept) => {
                let body = kept.body.borrow();
                !body.is_lost && (body.is_whole || body.incoming.is_end_stream())
            }
        }
    }

    /// Whether it asks for nothing to be done (RFC 9110 §9.2.1).
    pub(super) fn is_safe(&self) -> bool {
        match self {
            Self::Once(_) => false,
            Self::Kept(kept) => kept.head.method().is_safe(),
        }
    }

    /// Whether doing it twice is the same as doing it once (RFC 9110 §9.2.2).
    pub(super) fn is_idempotent(&self) -> bool {
        match self {
            Self::Once(_) => false,
            Self::Kept(kept) => {
                let method = kept.head.method();
                method.is_safe() || [Method::PUT, Method::DELETE].contains(method)
            }
        }
    }
}

/// A copy of a head. Extensions are not copied: there are none.
pub(super) fn head_of<T>(request: &Request<T>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    head
}

// === impl KeptBody ===

impl KeptBody {
    fn keep(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let (bytes, frame) = match frame.into_data() {
            Ok(data) => (data.len(), Frame::data(data)),
            Err(frame) => {
                let fields = frame.into_trailers().unwrap_or_default();
                let sizes = fields
                    .iter()
                    .map(|(name, value)| name.as_str().len() + value.len());
                (sizes.sum(), Frame::trailers(fields))
            }
        };
        match self.left_bytes.checked_sub(bytes as u64) {
            Some(left) if !self.is_lost => {
                self.left_bytes = left;
                self.put(&frame);
            }
            _ => {
                self.is_lost = true;
                self.pieces = Vec::new();
            }
        }
        frame
    }

    fn put(&mut self, frame: &Frame<Bytes>) {
        match (frame.data_ref(), self.pieces.last_mut()) {
            (Some(data), Some(Piece::Small(kept))) if data.len() < SMALL_BYTES => {
                kept.extend_from_slice(data);
            }
            (Some(data), _) if data.len() < SMALL_BYTES => self.pieces.push(Piece::Small(data.to_vec())),
            (Some(data), _) => self.pieces.push(Piece::Data(data.clone())),
            (None, _) => {
                let fields = frame.trailers_ref().cloned().unwrap_or_default();
                self.pieces.push(Piece::Trailers(Box::new(fields)));
            }
        }
    }
}

// === impl Piece ===

impl From<Piece> for Frame<Bytes> {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Data(data) => Self::data(data),
            Piece::Small(data) => Self::data(data.into()),
            Piece::Trailers(fields) => Self::trailers(*fields),
        }
    }
}

// === impl Reader ===

impl Body for Reader {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { body, turn, next } = &mut *self;
        let mut body = body.borrow_mut();
        if let Some(piece) = body.pieces.get(*next) {
            *next += 1;
            return Poll::Ready(Some(Ok(piece.clone().into())));
        }
        if body.is_whole || body.incoming.is_end_stream() {
            return Poll::Ready(None);
        }
        if body.turn != *turn {
            return Poll::Ready(Some(Err(BodyError::GivenUp)));
        }
        let piece = ready!(Pin::new(&mut body.incoming).poll_frame(cx));
        *next += 1;
        Poll::Ready(match piece {
            Some(Ok(frame)) => Some(Ok(body.keep(frame))),
            Some(Err(error)) => Some(Err(error)),
            None => {
                body.is_whole = true;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        let body = self.body.borrow();
        self.next >= body.pieces.len() && (body.is_whole || body.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.borrow();
        let kept = body.pieces.iter().skip(self.next);
        let kept: u64 = kept
            .map(|piece| match piece {
                Piece::Data(data) => data.len() as u64,
                Piece::Small(data) => data.len() as u64,
                Piece::Trailers(_) => 0,
            })
            .sum();
        let rest = body.incoming.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(kept + upper);
        }
        hint.set_lower(kept + rest.lower());
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_takes_no_more_room_than_its_bytes_however_small_its_pieces() {
        let (progress, limit) = (RequestBody::nothing(), 10_000);
        let request = Request::new(RequestBody::none(&progress));
        let Outgoing::Kept(kept) = Outgoing::kept(request, limit, &progress) else {
            panic!("it is kept")
        };
        let mut body = kept.body.borrow_mut();
        for byte in 0..limit {
            let frame = Frame::data(Bytes::from(vec![byte as u8]));
            assert_eq!(body.keep(frame).into_data().expect("data").len(), 1);
        }
        assert_eq!((body.pieces.len(), body.is_lost), (1, false));
        body.keep(Frame::data(Bytes::from_static(b"x")));
        assert!(body.is_lost && body.pieces.is_empty());
    }
}
