//! Asking the target what its folder says how to ask, and writing down what came back.

use super::error::DriveError;
use super::exchange;
use super::files;
use super::script::Driver;
use crate::vocabulary::{Answer, Event, Flaw, Nanos, Question, Reply, Scene};

/// The folder of files that are only to be checked, below the run's.
pub(super) const CANDIDATE: &str = "candidate";

impl Driver<'_> {
    /// Asks. A target that was not told how to be asked, or that does not run, is asked nothing.
    pub(super) fn ask(&mut self, question: Question) -> Result<(), DriveError> {
        match question {
            Question::Trigger => self.pull().map(drop),
            Question::CheckCommand => self.check_next(),
            Question::Status
            | Question::Metrics
            | Question::Admin
            | Question::Version
            | Question::OrderWithout
            | Question::OrderWithWrong
            | Question::OrderAtTraffic => self.ask_over_http(question).map(drop),
        }
    }

    /// Has the file checked that would be delivered next.
    fn check_next(&mut self) -> Result<(), DriveError> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let place = &running.laid.place;
        let Some(args) = self.target.check_command(place)? else {
            return Ok(());
        };
        let scene = Scene {
            generation: self.generation.next(),
            flaw: self.flaw,
            layout: self.layout.clone(),
        };
        let content = self.target.render(&scene, place)?.config;
        let dir = running.laid.ground.dir();
        files::open_folder(dir, place.candidate.parent().unwrap_or(dir))?;
        files::write(&place.candidate, &content)?;
        let begin = self.recorder.now();
        let reply = exchange::run(
            &running.binary,
            dir,
            args,
            exchange::TIMEOUT,
            &self.options.cancel,
        );
        self.answered(begin, Question::CheckCommand, self.flaw, reply);
        Ok(())
    }

    /// Writes an answer down.
    pub(super) fn answered(&self, begin: Nanos, question: Question, flaw: Option<Flaw>, reply: Reply) {
        let generation = match question {
            Question::CheckCommand => self.generation.next(),
            _ => self.generation,
        };
        self.recorder.record(Event::Answer(Answer {
            begin,
            at: self.recorder.now(),
            question,
            generation,
            flaw,
            reply,
            wall_ms: None,
        }));
    }
}
