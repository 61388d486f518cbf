//! `reloadspec` judges whether a proxy survives a reload of its configuration.
//!
//! Data goes one way: [`catalogue`] → [`select`] → render → [`drive`] → [`judge`] → [`report`]. The driver decides nothing;
//! the judge is pure and judges a recorded timeline as it judges a fresh one.
//!
//! # Use from a test of your own
//!
//! ```no_run
//! use reloadspec::suite::{Quiet, RunOptions, run};
//! use reloadspec::target::{Locate, Target};
//!
//! let locate = Locate { binary: Some("target/release/my-proxy".into()), peers: None };
//! let cases = reloadspec::catalogue::all();
//! for target in Target::load("tests/my-proxy", &locate)? {
//!     let report = run(&target, &cases, &RunOptions::default(), &mut std::io::sink(), &mut Quiet)?;
//!     assert!(report.footer.conformant, "{}", reloadspec::report::terminal::render(&report, Default::default()));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod catalogue;
pub mod conclude;
pub mod drive;
pub mod evidence;
pub mod judge;
pub mod report;
pub mod select;
pub mod suite;
pub mod target;
pub mod vocabulary;
