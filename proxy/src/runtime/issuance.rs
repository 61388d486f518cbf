//! What is known of certificates that are obtained from an authority, and what it is answered in the clear.
//!
//! Written by whoever orders certificates, read by requests, metrics and status.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use bytes::Bytes;

/// What is known.
#[derive(Debug, Default)]
pub struct Issuance {
    answers: ArcSwap<HashMap<Box<str>, Bytes>>,
    hosts: Mutex<BTreeMap<Arc<str>, Standing>>,
    issued: AtomicU64,
    failed: AtomicU64,
}

/// How it stands with the certificate of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Until when what there is is good; nothing if there is none yet.
    pub not_after: Option<SystemTime>,
    /// When the next one is ordered.
    pub next_order: SystemTime,
    /// Why the last order failed; nothing if it did not.
    pub error: Option<String>,
}

/// Where an authority looks for an answer (RFC 8555 §8.3).
const CHALLENGES: &str = "/.well-known/acme-challenge/";

// === impl Issuance ===

impl Issuance {
    /// The answer to whoever asks for this path; for nearly all of them there is none.
    pub(super) fn answer(&self, path: &str) -> Option<Bytes> {
        let token = path.strip_prefix(CHALLENGES)?;
        self.answers.load().get(token).cloned()
    }

    /// Answers a challenge from now on, or not any more.
    pub fn challenge(&self, token: &str, answer: Option<&str>) {
        self.answers.rcu(|answers| {
            let mut answers = HashMap::clone(answers);
            match answer {
                Some(answer) => answers.insert(token.into(), Bytes::copy_from_slice(answer.as_bytes())),
                None => answers.remove(token),
            };
            answers
        });
    }

    /// Takes note of how it stands with a host.
    pub fn note(&self, host: &Arc<str>, standing: Standing) {
        self.hosts().insert(Arc::clone(host), standing);
    }

    /// Forgets all hosts but these.
    pub fn keep(&self, is_kept: impl Fn(&str) -> bool) {
        self.hosts().retain(|host, _| is_kept(host));
    }

    /// Counts an order.
    pub fn count(&self, is_issued: bool) {
        let counter = if is_issued { &self.issued } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Orders so far that brought a certificate, and that failed.
    pub fn orders(&self) -> (u64, u64) {
        (
            self.issued.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        )
    }

    /// How it stands with each host.
    pub fn standings(&self) -> Vec<(Arc<str>, Standing)> {
        let hosts = self.hosts();
        hosts
            .iter()
            .map(|(host, standing)| (Arc::clone(host), standing.clone()))
            .collect()
    }

    /// What is behind this lock is whole, whatever became of who held it.
    fn hosts(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Standing>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_at_the_time_is_answered() {
        let issuance = Issuance::default();
        issuance.challenge("one", Some("one.key"));
        issuance.challenge("two", Some("two.key"));
        let answer = |path| issuance.answer(path).map(|bytes| bytes.to_vec());
        assert_eq!(
            answer("/.well-known/acme-challenge/one"),
            Some(b"one.key".to_vec())
        );
        for path in [
            "/.well-known/acme-challenge/",
            "/one",
            "/.well-known/acme-challenge/one/x",
        ] {
            assert_eq!(answer(path), None, "{path}");
        }
        issuance.challenge("one", None);
        assert_eq!(answer("/.well-known/acme-challenge/one"), None);
        assert_eq!(
            answer("/.well-known/acme-challenge/two"),
            Some(b"two.key".to_vec())
        );
    }
}
