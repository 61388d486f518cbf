//! The laws of the judge, tried on histories of a target that exists on paper.
//!
//! A clean history passes; one that differs by a single event fails by the check that names it, and by no other that does
//! not follow; what says too little is inconclusive. A law that fails prints the seed of its history.

mod asking;
mod clean;
mod faults;
mod limits;
mod paper;
mod replayed;
mod traits;

use proptest::test_runner::Config;

/// Twelve of each, for a law takes a history or two of some thousand events; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(12)
}

pub(crate) fn config() -> Config {
    Config {
        cases: cases(),
        failure_persistence: None,
        ..Config::default()
    }
}
