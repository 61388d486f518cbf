//! What `cargo xtask bench peers` makes of its figures: figures in; ratios, tables and plots out.
//!
//! All of it is pure. What runs proxies and measures is the bench itself.

pub mod answers;
pub mod floors;
pub mod plots;
pub mod report;
pub mod results;
pub mod statistics;
pub mod tables;
pub mod tools;
