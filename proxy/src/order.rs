//! What somebody can ask of a proxy that serves, and what is answered.
//!
//! Whoever asks, by SIGHUP, by the library or by the admin API, asks the supervisor, which does one thing at a time.

use std::fmt;
use std::sync::Arc;

use crate::reload::{Attempt, Digest, Origin};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Read the file and make it serve.
    Reload,
    /// Make serve again what this revision said.
    RollBack(u64),
}

/// A wish, and how to answer it.
pub struct Order {
    /// What is asked for.
    pub wish: Wish,
    /// Who asks.
    pub origin: Origin,
    /// Only if this holds when the turn of the order comes.
    pub precondition: Option<Precondition>,
    /// Called once, when what was asked for is effective or is known not to become so.
    pub reply: Reply,
}

/// How an order is answered.
pub type Reply = Box<dyn FnOnce(Result<Arc<Attempt>, Declined>) + Send>;

/// Digests of which one has to be that of what serves. Empty, any will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precondition(pub Vec<String>);

/// Why an order was not even tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// Something else serves than the one who asks believes.
    #[error("what serves is revision {revision} with the digest {digest}, not what `If-Match` names")]
    Mismatch {
        /// What serves.
        revision: u64,
        /// Its digest.
        digest: String,
    },
    /// There is no such revision, or not any more.
    #[error("revision {wanted} is not kept; kept are {oldest} to {newest}")]
    Unknown {
        /// What was asked for.
        wanted: u64,
        /// The oldest revision that is kept.
        oldest: u64,
        /// The revision that serves.
        newest: u64,
    },
}

// === impl Order ===

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wish, origin, .. } = self;
        write!(f, "Order({wish:?} by {origin})")
    }
}

// === impl Precondition ===

impl Precondition {
    /// Whether it holds for what serves.
    pub fn holds(&self, digest: Option<Digest>) -> bool {
        let Self(digests) = self;
        let digest = digest.map(|digest| digest.to_string());
        digests.is_empty() || digests.iter().any(|one| Some(one) == digest.as_ref())
    }
}
