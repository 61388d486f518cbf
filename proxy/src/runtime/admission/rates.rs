//! A rate limit that serves: its buckets, and what it has counted.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;

use super::bucket::Bucket;
use super::clients::Clients;
use super::gcra::Pace;
use crate::model::{ClientKey, RateLimit};

/// One rate limit, for as long as it is configured. All snapshots that have it share it.
#[derive(Debug)]
pub(super) struct Rates {
    by: Option<ClientKey>,
    buckets: Buckets,
    allowed: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug)]
enum Buckets {
    One(Bucket),
    Each(Box<Clients>),
}

/// What a client is told apart by.
#[derive(Debug, Clone, Copy)]
pub(in crate::runtime) struct Client<'a> {
    /// Its address, if it has one.
    pub(in crate::runtime) address: Option<IpAddr>,
    /// The fields of its request.
    pub(in crate::runtime) headers: &'a HeaderMap,
}

/// What a rate limit has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateFigures {
    /// Requests that were let in.
    pub allowed: u64,
    /// Requests that were not.
    pub refused: u64,
    /// Whole tokens that are there, if all clients share a bucket.
    pub tokens: Option<u64>,
    /// Clients that have a bucket of their own.
    pub clients: Option<usize>,
}

fn pace(limit: &RateLimit) -> Pace {
    Pace::new(limit.rate, limit.burst)
}

// === impl Rates ===

impl Rates {
    pub(super) fn new(limit: &RateLimit) -> Self {
        let buckets = match limit.by {
            None => Buckets::One(Bucket::new(pace(limit))),
            Some(_) => Buckets::Each(Box::new(Clients::new(pace(limit), limit.clients))),
        };
        Self {
            by: limit.by.clone(),
            buckets,
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Whether this is the limit that is meant, though perhaps at another pace. One that tells clients apart otherwise is another one.
    pub(super) fn is(&self, limit: &RateLimit) -> bool {
        self.by == limit.by
    }

    pub(super) fn change(&self, limit: &RateLimit, now: u64) {
        match &self.buckets {
            Buckets::One(bucket) => bucket.change(pace(limit), now),
            Buckets::Each(clients) => clients.change(pace(limit), limit.clients, now),
        }
    }

    /// Whether there is a token, or how long until there is one. Takes none.
    pub(super) fn look(&self, client: Client<'_>, now: u64) -> Result<(), u64> {
        let looked = match &self.buckets {
            Buckets::One(bucket) => bucket.look(now),
            Buckets::Each(clients) => self.with_key(client, |key| clients.look(key, now)),
        };
        self.count_refusal(looked)
    }

    pub(super) fn take(&self, client: Client<'_>, now: u64) -> Result<(), u64> {
        let taken = match &self.buckets {
            Buckets::One(bucket) => bucket.take(now),
            Buckets::Each(clients) => self.with_key(client, |key| clients.take(key, now)),
        };
        if taken.is_ok() {
            self.allowed.fetch_add(1, Ordering::Relaxed);
        }
        self.count_refusal(taken)
    }

    fn count_refusal(&self, answer: Result<(), u64>) -> Result<(), u64> {
        if answer.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    fn with_key<T>(&self, client: Client<'_>, then: impl FnOnce(&[u8]) -> T) -> T {
        match &self.by {
            Some(ClientKey::Header(name)) => {
                then(client.headers.get(name).map_or(&[][..], |value| value.as_bytes()))
            }
            Some(ClientKey::Address) | None => match client.address.map(|address| address.to_canonical()) {
                Some(IpAddr::V4(address)) => then(&address.octets()),
                // Whoever has one address of a network mostly has all of it.
                Some(IpAddr::V6(address)) => then(&address.octets()[..8]),
                None => then(&[]),
            },
        }
    }

    pub(super) fn figures(&self, now: u64) -> RateFigures {
        let (tokens, clients) = match &self.buckets {
            Buckets::One(bucket) => (Some(bucket.tokens(now)), None),
            Buckets::Each(clients) => (None, Some(clients.count())),
        };
        RateFigures {
            allowed: self.allowed.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            tokens,
            clients,
        }
    }
}
