//! One line on a terminal that says what is being done. In a pipe: nothing.

use std::io::{IsTerminal, Write};

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    done: usize,
    total: usize,
    shown: bool,
}

impl Progress {
    /// A line over `total` things.
    pub(crate) fn new(total: usize) -> Self {
        Self {
            done: 0,
            total,
            shown: std::io::stderr().is_terminal(),
        }
    }

    /// The next thing begins.
    pub(crate) fn begin(&mut self, what: &str) {
        self.done += 1;
        if self.shown {
            eprint!("\r\x1b[2K[{}/{}] {what}", self.done, self.total);
            drop(std::io::stderr().flush());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown && self.done > 0 {
            eprint!("\r\x1b[2K");
        }
    }
}
