//! Answers that the proxy gives by itself because it cannot or will not forward.

use http::{HeaderValue, Response, StatusCode, header};

use super::body::ResponseBody;
use super::grpc;
use crate::model::HeaderEdits;

/// Why a request is not answered by a route's task. The text is for people: it tells what happened and no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the request has no valid Host field")]
    BadHost,
    #[error("the request's target is not valid")]
    BadTarget,
    #[error("the request's body could not be read")]
    BadBody,
    #[error("the transfer coding is not supported")]
    UnknownCoding,
    #[error("the method is not supported")]
    BadMethod,
    #[error("the request's header fields are too large")]
    HeadTooLarge,
    #[error("the request's body is too large")]
    BodyTooLarge,
    #[error("the request's body did not arrive in time")]
    BodyTooSlow,
    #[error("no route leads there")]
    NoRoute,
    #[error("the listener asks for another handshake now: connect again")]
    Misdirected,
    #[error("there are more requests than are let in, try again in {0} s")]
    TooMany(u32),
    #[error("as many requests are being answered as may be")]
    Crowded,
    #[error("the upstream has failed too often, try again in {0} s")]
    CircuitOpen(u32),
    #[error("no endpoint of the upstream gets requests at this moment")]
    NoEndpoint,
    #[error("the upstream cannot be reached")]
    Unreachable,
    #[error("the upstream broke off")]
    BrokeOff,
    #[error("the upstream did not answer in time")]
    TooSlow,
    #[error("there was no answer in the time that the client gave")]
    OutOfTime,
}

// === impl Refusal ===

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::BadHost | Self::BadTarget | Self::BadBody => StatusCode::BAD_REQUEST,
            Self::UnknownCoding | Self::BadMethod => StatusCode::NOT_IMPLEMENTED,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Crowded | Self::CircuitOpen(_) | Self::NoEndpoint => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable | Self::BrokeOff => StatusCode::BAD_GATEWAY,
            Self::TooSlow | Self::OutOfTime => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// After these nothing on the connection can be trusted to be the beginning of a request.
    fn ends_connection(self) -> bool {
        !matches!(
            self,
            Self::NoRoute
                | Self::NoEndpoint
                | Self::TooMany(_)
                | Self::Crowded
                | Self::CircuitOpen(_)
                | Self::Unreachable
                | Self::BrokeOff
                | Self::TooSlow
                | Self::OutOfTime
        )
    }

    /// As an answer of its status, or as one that whoever makes a call of gRPC understands.
    pub(super) fn response(self, is_call: bool, edits: &HeaderEdits) -> Response<ResponseBody> {
        let status = self.status();
        let mut response = if is_call {
            let mut response = grpc::refusal(self);
            super::fields::edit(response.headers_mut(), edits);
            response
        } else {
            plain(status, format!("{status}: {self}\n").into(), edits)
        };
        if self.ends_connection() {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Self::TooMany(wait) | Self::CircuitOpen(wait) = self {
            response.headers_mut().insert(header::RETRY_AFTER, wait.into());
        }
        response
    }
}

/// A small answer in plain text, with the edits that hold for all answers.
pub(super) fn plain(status: StatusCode, body: bytes::Bytes, edits: &HeaderEdits) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(body));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    if !matches!(status.as_u16(), 204 | 304) {
        response.headers_mut().insert(header::CONTENT_TYPE, text);
    }
    super::fields::edit(response.headers_mut(), edits);
    response
}
