//! Header fields that are set or removed on the way through.

use http::{HeaderName, HeaderValue};

/// Fields to remove and fields to set, in this order; both sorted by name so that equal edits compare equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderEdits {
    /// Every field of this name is taken away.
    pub remove: Vec<HeaderName>,
    /// The field gets exactly this value, whatever it had. Values are marked as sensitive: they may be credentials.
    pub set: Vec<(HeaderName, HeaderValue)>,
}

// === impl HeaderEdits ===

impl HeaderEdits {
    /// Whether nothing is edited.
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty()
    }

    /// These edits followed by `inner`, as one list: where both speak of a field, `inner` wins.
    #[must_use]
    pub fn then(&self, inner: &Self) -> Self {
        let spoken_of = |name: &HeaderName| {
            inner.remove.contains(name) || inner.set.iter().any(|(other, _)| other == name)
        };
        let mut merged = inner.clone();
        merged
            .remove
            .extend(self.remove.iter().filter(|name| !spoken_of(name)).cloned());
        merged
            .set
            .extend(self.set.iter().filter(|(name, _)| !spoken_of(name)).cloned());
        merged.sort();
        merged
    }

    /// Puts both lists into the order of their names.
    pub fn sort(&mut self) {
        self.remove.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        self.set.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
    }
}
