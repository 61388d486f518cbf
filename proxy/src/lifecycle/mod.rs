//! What the world around the process is told of its life: a file with its number, and the service manager.
//!
//! In: what happens to the proxy. Out: a file, datagrams. Nothing here keeps the proxy from serving, but for a PID file that cannot be
//! made, which refuses the configuration that asks for it.

mod notify;
mod pid_file;

pub use notify::Notifier;
pub(crate) use pid_file::{PidFile, Place, try_pid_file};
