//! The command line, called as people call it: what it prints, where, and with which exit code.
//!
//! Every refusal has to say what is wrong, where it stands and what would be right, so messages are compared whole.

mod folders;
mod looking;
mod own;
mod recorded;
mod running;
