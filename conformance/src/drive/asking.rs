//! Asking over HTTP: once, until the answer tells of the newest file, or beside all else.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::error::DriveError;
use super::exchange::{self, Call};
use super::recorder::Recorder;
use super::script::Driver;
use crate::target::Inquiry;
use crate::vocabulary::{Answer, Event, Expected, Generation, MetricReadings, Prospect, Question, Reply};

/// The pause between two questions while an answer is waited for.
pub(super) const PAUSE: Duration = Duration::from_millis(20);
/// How long what was refused is watched.
pub(super) const REFUSED: Duration = Duration::from_millis(150);

/// Somebody who asks on and on.
pub(super) struct Asking {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Asking {
    /// Ends it after the answer that it waits for.
    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // A panic there has been printed by its thread.
        let _ = self.thread.join();
    }
}

/// A question that can be asked from any thread.
pub(super) struct Asker {
    recorder: Arc<Recorder>,
    question: Question,
    inquiry: Inquiry,
    body: Vec<u8>,
    /// Which lines of an answer are kept.
    metrics: Option<MetricReadings>,
}

impl Asker {
    /// Asks, and writes down what came back.
    pub(super) fn ask(&self, generation: Generation) -> Answer {
        let call = Call {
            method: &self.inquiry.method,
            url: &self.inquiry.url,
            headers: &self.inquiry.headers,
            body: self.body.clone(),
        };
        let begin = self.recorder.now();
        let keep = |said: String| match &self.metrics {
            Some(metrics) => metrics.lines(&said),
            None => said,
        };
        let reply = exchange::call(&call, exchange::TIMEOUT, keep);
        let answer = Answer {
            begin,
            at: self.recorder.now(),
            question: self.question,
            generation,
            flaw: None,
            reply,
            wall_ms: self.metrics.as_ref().and_then(|_| wall_ms()),
        };
        self.recorder.record(Event::Answer(answer.clone()));
        answer
    }
}

fn wall_ms() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

impl Driver<'_> {
    /// Asks once. A target that was not told how to be asked, or that does not run, is asked nothing.
    pub(super) fn ask_over_http(&mut self, question: Question) -> Result<Option<Reply>, DriveError> {
        let asker = self.asker(question)?;
        Ok(asker.map(|asker| asker.ask(self.generation).reply))
    }

    /// Asks beside all that follows.
    pub(super) fn ask_on(&mut self, question: Question, pause_ms: u32) -> Result<(), DriveError> {
        let Some(asker) = self.asker(question)? else {
            return Ok(());
        };
        let stop = Arc::new(AtomicBool::new(false));
        let (generation, stopped) = (self.generation, Arc::clone(&stop));
        let pause = Duration::from_millis(u64::from(pause_ms));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                asker.ask(generation);
                thread::sleep(pause);
            }
        });
        self.asking.push(Asking { stop, thread });
        Ok(())
    }

    /// Asks until the answer lacks nothing that it should tell of the newest file, for the apply bound at most; once only, if that was waited
    /// for in vain before.
    pub(super) fn ask_until_told(&mut self, question: Question) -> Result<(), DriveError> {
        let Some(asker) = self.asker(question)? else {
            return Ok(());
        };
        let Some((write, before)) = self.recorder.newest(question) else {
            asker.ask(self.generation);
            return Ok(());
        };
        let bound = Duration::from_millis(self.target.facts().apply_bound_ms);
        // What was once waited for in vain is known not to come.
        let in_vain = self.untold.contains(&question);
        let deadline = Instant::now() + if in_vain { Duration::ZERO } else { bound };
        loop {
            let asked_last = Instant::now() >= deadline;
            let answer = asker.ask(self.generation);
            let readings = &self.target.facts().readings;
            let expected = Expected::of(&write, &answer);
            let lacks = readings.lacks(question, &before, &answer.reply.said, expected);
            if lacks.is_empty() || self.over() {
                return Ok(());
            }
            if asked_last {
                self.untold.push(question);
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Delivers the next generation, and gives an order that nobody may give.
    pub(super) fn misorder(&mut self, question: Question) -> Result<(), DriveError> {
        let askable = match &self.running {
            Some(running) => self.target.inquiry(question, &running.laid.place)?.is_some(),
            None => false,
        };
        if !askable {
            return Ok(());
        }
        self.deliver_with(Prospect::Doomed)?;
        let refused = |reply: &Reply| reply.code.is_some_and(|code| (400..500).contains(&code));
        let reply = self.ask_over_http(question)?;
        let bound = Duration::from_millis(self.target.facts().apply_bound_ms);
        let is_refused = question != Question::OrderAtTraffic && reply.as_ref().is_some_and(refused);
        // That the process ended meanwhile is told by what is done next.
        let _ = self.watch(if is_refused { REFUSED } else { bound });
        Ok(())
    }

    pub(super) fn asker(&self, question: Question) -> Result<Option<Asker>, DriveError> {
        let Some(running) = &self.running else {
            return Ok(None);
        };
        let Some(inquiry) = self.target.inquiry(question, &running.laid.place)? else {
            return Ok(None);
        };
        let body = if inquiry.sends_config {
            let path = running.laid.file.path();
            fs::read(path).map_err(DriveError::file("read", path))?
        } else {
            Vec::new()
        };
        let metrics = self.target.facts().readings.metrics.clone();
        Ok(Some(Asker {
            recorder: Arc::clone(&self.recorder),
            question,
            inquiry,
            body,
            metrics: metrics.filter(|_| question == Question::Metrics),
        }))
    }
}
