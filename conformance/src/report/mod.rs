//! Reports: a run in, text out.
//!
//! Every format is one file and reads the same [`RunReport`](crate::vocabulary::RunReport).

pub mod junit;
pub mod log;
pub mod markdown;
pub mod terminal;
