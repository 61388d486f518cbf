//! Progress on a terminal; nothing in a pipe.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reloadspec::report::terminal::case_line;
use reloadspec::suite::Progress;
use reloadspec::vocabulary::{Case, CaseReport};

pub(super) struct Bar {
    spinner: ProgressBar,
    title: String,
    /// The cases that run, in the order in which they began.
    under_way: Vec<String>,
    ended: usize,
    count: usize,
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
            spinner: bar,
            title: title.to_owned(),
            under_way: Vec::new(),
            ended: 0,
            count: 0,
        }
    }

    fn show(&self) {
        self.spinner.set_message(format!(
            "{} {}/{} {}",
            self.title,
            self.ended,
            self.count,
            self.under_way.join(", ")
        ));
    }
}

impl Progress for Bar {
    fn begins(&mut self, case: &Case, count: usize) {
        self.count = count;
        self.under_way.push(case.id.to_owned());
        self.show();
    }

    fn ended(&mut self, report: &CaseReport) {
        self.ended += 1;
        self.under_way.retain(|case| *case != report.case);
        self.spinner
            .println(case_line(report, super::style(&io::stderr())));
        self.show();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}
