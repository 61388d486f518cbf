//! Which request is meant, and what is done with it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use super::{Admission, Attempts, HeaderEdits, Name};

/// The identity of a route: what it matches. Two routes of one key would contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteKey {
    /// Only on this listener; on all of them if absent.
    pub listener: Option<Name>,
    /// Which hosts.
    pub host: HostMatch,
    /// Which paths.
    pub path: PathMatch,
}

/// Which hosts a route is for. Names are in lower case and without a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostMatch {
    /// Every host.
    Any,
    /// Every host below this one: `example.org` stands for `*.example.org`.
    Suffix(Arc<str>),
    /// This host.
    Exact(Arc<str>),
}

/// Which paths a route is for. They begin with a slash and are compared byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathMatch {
    /// This path.
    Exact(Arc<str>),
    /// This path and all below it, segment by segment: `/a` covers `/a` and `/a/b`, not `/ab`. No slash at the end, so that the
    /// prefix of every path is the empty string.
    Prefix(Arc<str>),
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What it matches.
    pub key: RouteKey,
    /// What it does.
    pub action: Action,
    /// How many of its requests are let in.
    pub admission: Admission,
    /// The size of a request's body; that of [`Limits`](super::Limits) if absent.
    pub body_bytes: Option<u64>,
    /// How its requests are tried at the upstream, if they are forwarded.
    pub attempts: Attempts,
    /// Edits of the request on its way to the upstream.
    pub request_headers: HeaderEdits,
    /// Edits of the response on its way to the client.
    pub response_headers: HeaderEdits,
}

/// What a route does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Hands the request to an upstream, which exists.
    Forward(Name),
    /// Answers by itself.
    Respond {
        /// A final status.
        status: StatusCode,
        /// The whole body.
        body: Bytes,
    },
    /// Sends the client elsewhere.
    Redirect {
        /// One of 301, 302, 303, 307, 308.
        status: StatusCode,
        /// The `Location` field.
        location: HeaderValue,
    },
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(listener) = &self.listener {
            write!(f, "{listener}:")?;
        }
        match &self.host {
            HostMatch::Any => f.write_str("*")?,
            HostMatch::Suffix(host) => write!(f, "*.{host}")?,
            HostMatch::Exact(host) => f.write_str(host)?,
        }
        match &self.path {
            PathMatch::Exact(path) => write!(f, "={path}"),
            PathMatch::Prefix(path) => write!(f, "{path}/"),
        }
    }
}
