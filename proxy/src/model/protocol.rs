//! Versions of HTTP.

use std::fmt;

/// A version of HTTP that a connection speaks from its beginning to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// HTTP/1.1 (RFC 9112); 1.0 too, of clients.
    #[default]
    Http1,
    /// HTTP/2 (RFC 9113).
    Http2,
}

/// What may be spoken at a place: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocols {
    /// HTTP/1.1.
    pub http1: bool,
    /// HTTP/2.
    pub http2: bool,
}

// === impl Protocol ===

impl Protocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Http1, Self::Http2];

    /// As the configuration has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
        }
    }

    /// As ALPN has it (RFC 7301).
    pub fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

// === impl Protocols ===

impl Protocols {
    /// Whether it may be spoken.
    pub fn allow(self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Http1 => self.http1,
            Protocol::Http2 => self.http2,
        }
    }

    /// Those that may be spoken, the better one first.
    pub fn all(self) -> impl Iterator<Item = Protocol> {
        let both = [Protocol::Http2, Protocol::Http1];
        both.into_iter().filter(move |protocol| self.allow(*protocol))
    }
}

impl Default for Protocols {
    fn default() -> Self {
        Self {
            http1: true,
            http2: true,
        }
    }
}

impl FromIterator<Protocol> for Protocols {
    fn from_iter<T: IntoIterator<Item = Protocol>>(all: T) -> Self {
        let none = Self {
            http1: false,
            http2: false,
        };
        all.into_iter().fold(none, |found, protocol| Self {
            http1: found.http1 || protocol == Protocol::Http1,
            http2: found.http2 || protocol == Protocol::Http2,
        })
    }
}
