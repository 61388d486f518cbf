//! What is asked: each kind of request, in words of the timeline.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Method;
use reloadspec_fixtures::origin;

use super::{Ask, Client, Expected, REQUEST_TIMEOUT, SESSION, no_body};
use crate::vocabulary::Purpose;

// === impl Client ===

impl Client {
    /// A plain request for a short text.
    pub(in crate::drive) fn plain(&self, purpose: Purpose, timeout: Duration) -> Ask {
        Ask {
            number: self.recorder.next_number(),
            purpose,
            method: Method::GET,
            path: "/".into(),
            body: no_body(),
            length: None,
            expected: Expected::Text,
            timeout,
            due: None,
            fields: Vec::new(),
        }
    }

    /// A plain request of a session, which it names, and with the cookie that it was given.
    pub(in crate::drive) fn of_session(&self, session: u64, cookie: Option<String>) -> Ask {
        let cookie = cookie.map(|cookie| ("cookie", cookie));
        Ask {
            fields: [(SESSION, format!("s{session}"))]
                .into_iter()
                .chain(cookie)
                .collect(),
            ..self.plain(Purpose::Session(session), REQUEST_TIMEOUT)
        }
    }

    /// A request that nobody may simply make again.
    pub(in crate::drive) fn post(&self) -> Ask {
        let body = Bytes::from_static(b"once");
        Ask {
            method: Method::POST,
            path: "/upload".into(),
            length: Some(body.len()),
            expected: Expected::Received(origin::digest(&body)),
            body: Full::new(body).boxed(),
            ..self.plain(Purpose::Post, REQUEST_TIMEOUT)
        }
    }

    /// A request that the origin answers with status 500.
    pub(in crate::drive) fn failing(&self) -> Ask {
        Ask {
            path: "/fail".into(),
            ..self.plain(Purpose::Load, REQUEST_TIMEOUT)
        }
    }
}
