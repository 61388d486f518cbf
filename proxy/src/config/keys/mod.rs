//! Every key of the configuration: what it is called, what it takes, what counts where it is left out, and what it means.
//!
//! In: nothing. Out: the one table from which the readers know which keys there are, the JSON Schema, and what `config explain` says.
//! That the readers take what stands here, no more and no less, is shown key by key in `tests/keys.rs`.

mod acme;
mod admission;
mod attempts;
mod balancing;
mod connections;
mod explain;
mod json_schema;
mod objects;
mod shared;
mod tables;

pub use acme::ACME;
pub use admission::{BREAKER, RATE_LIMIT, SESSIONS};
pub use attempts::{HEDGE, RETRY, RETRY_BUDGET, ROUTE_TIMEOUTS, TIMEOUTS};
pub use balancing::{EJECTION, HASH, HEALTH, STICKY};
pub use connections::{POOL, RESOLVE};
pub use explain::{Unknown, explain};
pub use json_schema::json_schema;
pub use objects::{
    CERTIFICATE, CLIENT_AUTH, ENDPOINT, HEADERS, LISTENER, REDIRECT, RESPOND, ROUTE, TLS, UPSTREAM,
    UPSTREAM_TLS,
};
pub use tables::{ADMIN, DRAIN, LIMITS, LOG, METRICS, OTLP, PROBE, REVISIONS, ROOT, TRACING};

/// One key of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As it stands in the file.
    pub name: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// What counts where it is left out.
    pub absent: Absent,
    /// What it means, in one or two sentences.
    pub about: &'static str,
}

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Keys of its own.
    Table(&'static [Key]),
    /// A list of tables, each with these keys.
    Tables(&'static [Key]),
    /// Names of header fields with their new values, which may be secrets.
    Fields,
    /// A list of texts.
    Texts(Form),
    /// A text, or a list of such.
    TextOrTexts(Form),
    /// A text.
    Text(Form),
    /// A list of at least one of these words.
    Words(&'static [&'static str]),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number from `low` to `high`.
    Number {
        /// The smallest.
        low: u64,
        /// The largest.
        high: u64,
    },
    /// One of these numbers.
    Choice(&'static [u64]),
    /// A number of bytes from `low` to `high`, or a text with a unit: `B`, `KiB`, `MiB`, `GiB`.
    Size {
        /// The fewest bytes.
        low: u64,
        /// The most bytes.
        high: u64,
    },
    /// A text of a number and its unit, `ms`, `s`, `m` or `h`, from 1ms to 24h.
    Duration,
    /// The same, or `never`.
    Cut,
}

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// In words, as the end of "it takes ...".
    pub what: &'static str,
    /// Such as are good. The first is what stands where the key has to be there.
    pub examples: &'static [&'static str],
    /// A regular expression of ECMA 262 that all good ones match; others may match too.
    pub pattern: Option<&'static str>,
    /// Whether it is never shown.
    pub is_secret: bool,
}

/// What counts where a key is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It cannot be left out.
    Refused,
    /// This value, as the file would say it.
    Default(&'static str),
    /// Something that no value says, in words.
    Means(&'static str),
}

/// The names of all keys at the top, in the order of the table.
pub const ROOT_KEYS: [&str; ROOT.len()] = {
    let mut names = [""; ROOT.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = ROOT[index].name;
        index += 1;
    }
    names
};

/// No wait is longer than this: a mistyped unit should be noticed.
pub const LONGEST: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Whether a word is a key of any table.
pub fn is_key(word: &str) -> bool {
    fn is_in(keys: &[Key], word: &str) -> bool {
        keys.iter()
            .any(|key| key.name == word || is_in(key.kind.keys(), word))
    }
    is_in(ROOT, word)
}

/// Every key with its path, such as `listeners[].address`, a table before what is below it.
pub fn all() -> Vec<(String, Key)> {
    fn below(keys: &[Key], parent: &str, all: &mut Vec<(String, Key)>) {
        for key in keys {
            let path = format!("{parent}{}", key.name);
            all.push((path.clone(), *key));
            let step = if matches!(key.kind, Kind::Tables(_)) {
                "[]."
            } else {
                "."
            };
            below(key.kind.keys(), &(path + step), all);
        }
    }
    let mut all = Vec::new();
    below(ROOT, "", &mut all);
    all
}

// === impl Kind ===

impl Kind {
    /// The keys below it; none if it is no table.
    pub fn keys(&self) -> &'static [Key] {
        match self {
            Self::Table(keys) | Self::Tables(keys) => keys,
            _ => &[],
        }
    }
}
