//! Progress on a terminal; nothing in a pipe.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reloadspec::report::terminal::case_line;
use reloadspec::suite::Progress;
use reloadspec::vocabulary::{Case, CaseReport};

pub(super) struct Bar {
    bar: ProgressBar,
    title: String,
}

impl Bar {
    pub(super) fn new(title: &str, wanted: bool) -> Self {
        let shown = wanted && io::stderr().is_terminal();
        let target = if shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            title: title.to_owned(),
        }
    }
}

impl Progress for Bar {
    fn begins(&mut self, case: &Case, index: usize, count: usize) {
        self.bar
            .set_message(format!("{} {}/{count} {}", self.title, index + 1, case.id));
    }

    fn ended(&mut self, report: &CaseReport) {
        self.bar.println(case_line(report, super::style(&io::stderr())));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
