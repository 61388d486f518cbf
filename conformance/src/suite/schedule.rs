//! Which case runs when, and what is told of it in which order.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZero;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::{Progress, RunError, RunOptions, one};
use crate::target::Target;
use crate::vocabulary::{Case, CaseReport, RunHeader};

/// What a worker says of the case with this index.
enum News {
    Begins(usize),
    Ended(usize, Box<Result<Done, RunError>>),
}

/// A case that was judged.
struct Done {
    report: CaseReport,
    /// Its part of the event log.
    log: Vec<u8>,
}

/// Runs all cases: first those that may run side by side, then, one after the other, those that need the machine to themselves.
///
/// The reports come back, and the log is written, in the order of the cases. After an error no case begins, and those that run are
/// cancelled.
pub(super) fn run(
    target: &Target,
    cases: &[Case],
    options: &RunOptions,
    header: &RunHeader,
    log: &mut dyn Write,
    progress: &mut dyn Progress,
) -> Result<Vec<CaseReport>, RunError> {
    let jobs = options.jobs.unwrap_or_else(default_jobs).get();
    let (alone, together): (Vec<usize>, Vec<usize>) =
        (0..cases.len()).partition(|index| cases[*index].runs_alone());
    let mut told = InOrder::new(log);
    for (indices, jobs) in [(together, jobs), (alone, 1)] {
        let queue = Mutex::new(indices.iter().copied());
        let work = |news: Sender<News>| {
            loop {
                let Some(index) = queue.lock().unwrap_or_else(PoisonError::into_inner).next() else {
                    return;
                };
                let mut log = Vec::new();
                // Nobody listens any more only if this very thread's run was given up.
                let _ = news.send(News::Begins(index));
                let ended = if options.cancel.is_cancelled() {
                    Err(RunError::Cancelled)
                } else {
                    one::run(target, &cases[index], options, header, &mut log)
                };
                let ended = ended.map(|report| Done { report, log });
                let _ = news.send(News::Ended(index, Box::new(ended)));
            }
        };
        thread::scope(|scope| {
            let (sender, news) = mpsc::channel();
            for _ in 0..jobs.min(indices.len()) {
                let sender = sender.clone();
                scope.spawn(|| work(sender));
            }
            drop(sender);
            let mut first = Ok(());
            for news in news {
                let done = match news {
                    News::Begins(index) => {
                        progress.begins(&cases[index], cases.len());
                        Ok(())
                    }
                    News::Ended(index, ended) => ended.and_then(|done| {
                        progress.ended(&done.report);
                        told.take(index, done)
                    }),
                };
                // What ends the run is the first error; the others follow from it.
                if first.is_ok() && done.is_err() {
                    options.cancel.cancel();
                    first = done;
                }
            }
            first
        })?;
    }
    Ok(told.reports)
}

/// Two a core: cases mostly wait, and what they load is not worth more.
fn default_jobs() -> NonZero<usize> {
    let cores = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    cores.saturating_mul(NonZero::<usize>::MIN.saturating_add(1))
}

/// Puts what ended in any order into the order of the cases.
struct InOrder<'a> {
    log: &'a mut dyn Write,
    waiting: BTreeMap<usize, Done>,
    reports: Vec<CaseReport>,
}

impl<'a> InOrder<'a> {
    fn new(log: &'a mut dyn Write) -> Self {
        Self {
            log,
            waiting: BTreeMap::new(),
            reports: Vec::new(),
        }
    }

    fn take(&mut self, index: usize, done: Done) -> Result<(), RunError> {
        self.waiting.insert(index, done);
        while let Some(next) = self.waiting.remove(&self.reports.len()) {
            self.log
                .write_all(&next.log)
                .map_err(|source: io::Error| RunError::Write {
                    what: "the event log".into(),
                    source,
                })?;
            self.reports.push(next.report);
        }
        Ok(())
    }
}
