//! `reloadspec` judges whether a proxy survives a reload of its configuration.
//!
//! Data goes one way: [`catalogue`] → select → render → [`drive`] → [`judge`] → [`report`]. The driver decides nothing;
//! the judge is pure and judges a recorded timeline as it judges a fresh one.

pub mod catalogue;
pub mod judge;
pub mod vocabulary;
