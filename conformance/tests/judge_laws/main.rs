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
