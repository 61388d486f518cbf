//! Which endpoint of an upstream gets a request.

use std::sync::Arc;

use http::HeaderName;

/// Who gets a request of those who may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Balance {
    /// Each in its turn, by weight.
    #[default]
    RoundRobin,
    /// Whoever has the fewest requests in flight for its weight.
    LeastRequests,
    /// Of two that are drawn by weight, the one that has fewer.
    RandomOfTwo,
    /// Always the same one for the same key.
    Hash(Hash),
}

/// By which key, and how much of it one endpoint has to bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hash {
    /// What is the same for requests that belong together. A request without it is given to whose turn it is.
    pub by: HashBy,
    /// What an endpoint has to bear at most, in percent of its fair share of all requests in flight, and a few in any case. The rest goes to the
    /// next one of the key.
    pub load_limit: u16,
}

/// What is the same for requests that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashBy {
    /// The client's address.
    Client,
    /// A field of the request.
    Header(HeaderName),
    /// A cookie.
    Cookie(Arc<str>),
}

/// A cookie that names the endpoint that a client was served by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sticky {
    /// Its name.
    pub cookie: Arc<str>,
    /// Whether browsers send it from other sites.
    pub same_site: SameSite,
}

/// `SameSite` of a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Only from the site itself.
    Strict,
    /// Also with a link from elsewhere.
    Lax,
    /// From everywhere, by TLS only.
    None,
}

// === impl Balance ===

impl Balance {
    /// As a configuration says it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastRequests => "least_requests",
            Self::RandomOfTwo => "random_of_two",
            Self::Hash(_) => "hash",
        }
    }
}

// === impl Hash ===

impl Default for Hash {
    fn default() -> Self {
        Self {
            by: HashBy::Client,
            load_limit: 125,
        }
    }
}

// === impl SameSite ===

impl SameSite {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Lax, Self::None];

    /// As a configuration says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lax => "lax",
            Self::None => "none",
        }
    }
}
