//! Reports: a run in, text out. Pure, but for the evidence, which is a folder.
//!
//! Every format is one file and reads the same [`RunReport`](crate::vocabulary::RunReport).

pub mod evidence;
pub mod junit;
pub mod log;
pub mod markdown;
pub mod terminal;
